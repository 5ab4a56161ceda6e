import { z } from "zod";

// zod would compile its schemas by `new Function`, which the content security policy forbids and the browser then reports.
z.config({ jitless: true });
