import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { z } from "zod";
import { Console } from "./console.tsx";
import { createQueryClient, TRPCProvider, trpcClient } from "./lib/trpc.ts";
import "./styles.css";

// zod would compile its checks by `new Function`, which the content security policy forbids and the browser then reports.
z.config({ jitless: true });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const queryClient = createQueryClient();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        <Console />
      </TRPCProvider>
    </QueryClientProvider>
  </StrictMode>,
);
