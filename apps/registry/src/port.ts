import { once } from "node:events";
import { createServer } from "node:net";
import type { HostAndPort } from "./addresses.ts";

/** Why nothing could listen there now, and what to do; null where it could. */
export async function whyTaken({ host, port }: HostAndPort): Promise<string | null> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    return explain(host, port, error as NodeJS.ErrnoException);
  }
  server.close();
  await once(server, "close");
  return null;
}

function explain(host: string, port: number, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return `the registry's port ${port} on ${host} is in use: stop what listens there, or set BERTH_REGISTRY_LISTEN`;
    case "EACCES":
      return `the registry's port ${port} is not open to this user: set BERTH_REGISTRY_LISTEN to one from 1024 on`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${host} is no address of this machine: set BERTH_REGISTRY_LISTEN to one that is`;
    default:
      return `the registry can't listen on ${host}:${port}: ${message}`;
  }
}
