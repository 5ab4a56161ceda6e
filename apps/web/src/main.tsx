import "./lib/zod-without-eval.ts"; // before any schema is made
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./console.tsx";
import { session } from "./lib/session.ts";
import { createQueryClient, TRPCProvider, trpcClient } from "./lib/trpc.ts";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const queryClient = createQueryClient();
// A server that can't be reached now is told by the page itself.
const wasSignedIn = await session.resume().catch(() => false);

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        <Console wasSignedIn={wasSignedIn} />
      </TRPCProvider>
    </QueryClientProvider>
  </StrictMode>,
);
