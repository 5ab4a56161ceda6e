import { connect, type Socket } from "node:net";

/** For how long it is believed that a machine's ports are, or are not, reached from here. */
const REMEMBERED_MS = 60_000;

/** Which machines' published ports this server reaches by itself, which is the faster way where it leads somewhere. */
export class DirectWays {
  readonly #closed = new Map<string, number>();

  /** Null where the port is not reached so: a firewall, another network, nothing that listens. */
  async dial(
    machineId: string,
    at: { host: string; port: number },
    { directConnectMs }: { directConnectMs: number },
    signal: AbortSignal,
  ): Promise<Socket | null> {
    if ((this.#closed.get(machineId) ?? 0) > performance.now()) return null;
    const { promise, resolve } = Promise.withResolvers<Socket | "refused" | "lost">();
    const socket = connect({ ...at, noDelay: true });
    const timer = setTimeout(() => resolve("lost"), directConnectMs);
    const abort = (): void => resolve("lost");
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => resolve(socket));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" ? "refused" : "lost"));
    try {
      const outcome = await promise;
      if (outcome === socket) return socket;
      socket.destroy();
      // Who refuses is there: only this port is not open.
      if (outcome === "lost" && !signal.aborted) this.#closed.set(machineId, performance.now() + REMEMBERED_MS);
      return null;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}
