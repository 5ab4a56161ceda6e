// `npm start`, with stand-ins for the server and the reconciler; the registry is a real one, where this host has its binary.
import { fileURLToPath } from "node:url";
import { launch } from "./launch.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
await launch(process.env, {
  server: here("./server.fixture.ts"),
  reconciler: here("./reconciler.fixture.ts"),
  registry: fileURLToPath(import.meta.resolve("@berth/registry/main.ts")),
});
