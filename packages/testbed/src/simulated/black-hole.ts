import { once } from "node:events";
import { connect, Server, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Whoever listens with a backlog of one has room for two connections before it accepts any. */
const ROOM = 2;

/** Listens, and never runs again: the kernel takes in what there is room for, and drops the rest. */
const DEAF_LISTENER = `
  const { parentPort, workerData } = require("node:worker_threads");
  require("node:net").createServer().listen({ port: workerData, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage("listening");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/**
 * The way to an engine of which nothing comes back, as behind a firewall that drops packets. Connections that there are
 * fall silent in both directions; what was sent over them meanwhile arrives when that is over.
 */
export class BlackHole {
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  #isSilent = false;
  #listenAgain: (() => Promise<void>) | null = null;

  constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    server.on("connection", (socket: Socket) => {
      if (!this.#isSilent) return;
      socket.cork();
      // Not at once: HTTP is about to begin to read. It is before anything has come that could be read.
      setImmediate(() => this.#isSilent && socket.pause());
    });
  }

  /** Connections are still accepted, and nothing on them is answered. */
  fallSilent(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#sockets.forEach(hush);
  }

  /**
   * No connection is accepted any more either: a client waits for one until it gives up. Only where the engine listens on a
   * port: a socket of the file system refuses at once. Resolves when that is so.
   */
  async vanish(): Promise<void> {
    if (this.#listenAgain) return;
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("only what listens on a port can vanish");
    this.fallSilent();
    // Not the HTTP server's own `close`, which ends idle connections: here nobody hears of anything.
    Server.prototype.close.call(this.#server);
    const listener = new Worker(DEAF_LISTENER, { eval: true, workerData: address.port });
    await once(listener, "message");
    const fillers = Array.from({ length: ROOM }, () => connect(address.port, "127.0.0.1"));
    await Promise.all(fillers.map((filler) => once(filler, "connect")));
    for (const filler of fillers) filler.on("error", () => {}); // it ends with whom it was connected to
    this.#listenAgain = async () => {
      await listener.terminate();
      fillers.forEach((filler) => filler.destroy());
      this.#server.listen(address.port, "127.0.0.1");
      await once(this.#server, "listening");
    };
  }

  async end(): Promise<void> {
    const listenAgain = this.#listenAgain;
    this.#listenAgain = null;
    await listenAgain?.();
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#sockets.forEach(wake);
  }
}

function hush(socket: Socket): void {
  socket.pause();
  socket.cork();
}

function wake(socket: Socket): void {
  socket.uncork();
  socket.resume();
}
