// `npm start`, with stand-ins for the server and the reconciler.
import { fileURLToPath } from "node:url";
import { launch } from "./launch.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
await launch(process.env, { server: here("./server.fixture.ts"), reconciler: here("./reconciler.fixture.ts") });
