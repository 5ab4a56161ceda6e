import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface SlowNetwork {
  /** `HOST:PORT` */
  address: string;
  close(): Promise<void>;
}

/** In front of a server at `target` (`HOST:PORT`): no connection gets more than so many bytes a second, either way. */
export async function startSlowNetwork(options: {
  host: string;
  target: string;
  bytesPerSecond: number;
}): Promise<SlowNetwork> {
  const { host, target, bytesPerSecond } = options;
  const [targetHost, targetPort] = target.split(":");
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: targetHost ?? "", port: Number(targetPort), allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.once("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("error", () => undefined); // each end is told by its own socket
      void trickle(from, to, bytesPerSecond).catch(() => from.destroy());
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** What is not read yet makes whoever sends it wait. */
async function trickle(from: Socket, to: Socket, bytesPerSecond: number): Promise<void> {
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (!to.write(chunk)) await once(to, "drain");
    await delay((chunk.length / bytesPerSecond) * 1_000);
  }
  to.end();
}
