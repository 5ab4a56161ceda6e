import { once } from "node:events";
import { createServer } from "node:net";
import { StartError } from "./start-error.ts";

/** Throws a StartError where nothing could listen on this address now. `variable` is the one that chooses the port. */
export async function checkPortIsFree(host: string, port: number, variable = "BERTH_PORT"): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw explain({ host, port, variable }, cause as NodeJS.ErrnoException);
  }
  server.close();
  await once(server, "close");
}

function explain(
  { host, port, variable }: { host: string; port: number; variable: string },
  cause: NodeJS.ErrnoException,
): Error {
  switch (cause.code) {
    case "EADDRINUSE":
      return new StartError(`port ${port} on ${host} is in use: stop what listens there, or set ${variable}`, {
        cause,
      });
    case "EACCES":
      return new StartError(`port ${port} is not open to this user: set ${variable} to 1024 or more`, { cause });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new StartError(`${host} is no address of this machine: set BERTH_HOST to one that is`, { cause });
    default:
      return cause;
  }
}
