import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Between a client and its database, as a firewall that forgets connections: what it loses it does not end. */
export interface LosingNetwork {
  /** Of the database, through this network. */
  url: string;
  /** How many connections there have been. */
  readonly seen: number;
  /** From now on nothing passes, of connections that there are or come. Nobody is told. */
  lose(): void;
  /** New connections pass; lost ones stay lost. */
  mend(): void;
  close(): Promise<void>;
}

export async function startLosingNetwork(databaseUrl: string): Promise<LosingNetwork> {
  const database = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let seen = 0;
  let loses = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // Both ends are told of a failure by their own sockets.
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    seen += 1;
    keep(client);
    if (loses) return;
    const behind = connect({ host: database.hostname, port: Number(database.port), allowHalfOpen: true });
    keep(behind);
    client.pipe(behind).pipe(client);
    client.once("close", () => behind.destroy());
    behind.once("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    get seen() {
      return seen;
    },
    lose() {
      loses = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend() {
      loses = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
