import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** `wanted` if nothing listens on it on 127.0.0.1, else any port that is free now. */
export async function pickPort(wanted = 0): Promise<number> {
  const port = (await tryListen(wanted)) ?? (await tryListen(0));
  if (port === undefined) throw new Error("no free TCP port on 127.0.0.1");
  return port;
}

async function tryListen(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
  const { port: bound } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return bound;
}
