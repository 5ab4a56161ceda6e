import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The network between a browser and its server, as it fails. */
export interface CuttableWay {
  /** Of the server, by this way. */
  url: string;
  /** From now on nothing passes, and nobody is told: as behind a firewall that forgets. */
  stall(): void;
  /** Ends all connections, and takes no new ones: as where the server's port is closed. */
  refuse(): Promise<void>;
  /** New connections pass again. What was stalled before is lost. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function openCuttableWay(serverUrl: string): Promise<CuttableWay> {
  const { hostname, port: serverPort } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isStalled = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {}); // its other end is told by the close
    socket.once("close", () => sockets.delete(socket));
  };
  const pass = (client: Socket): void => {
    keep(client);
    if (isStalled) return;
    const behind = connect({ host: hostname, port: Number(serverPort) });
    keep(behind);
    client.pipe(behind).pipe(client);
    client.once("close", () => behind.destroy());
    behind.once("close", () => client.destroy());
  };
  const listen = async (port: number): Promise<Server> => {
    const server = createServer(pass).listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const end = async (server: Server): Promise<void> => {
    server.close();
    cut();
    await once(server, "close");
  };
  let server: Server | null = await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async refuse() {
      if (server) await end(server);
      server = null;
    },
    async mend() {
      isStalled = false;
      server ??= await listen(port);
    },
    async close() {
      if (server) await end(server);
    },
  };
}
