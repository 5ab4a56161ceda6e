import { Duplex } from "node:stream";
import { EngineError } from "../engine.ts";
import type { OpenConnection } from "../transport/engine-link.ts";

const LOST = "The connection to the Docker engine was lost while a terminal was open.";

/**
 * The bytes of a terminal, over the connection that the engine has handed over.
 *
 * - Who does not read holds the engine back, and a write is done when the kernel has taken it: no more than a few
 *   buffers are ever kept here.
 * - A terminal has no end of input (Ctrl-D is a byte like any other), and engines take a half-closed connection for a
 *   client that detaches. So ending the writable side says nothing to the engine.
 * - Connections end alike when the command does, when the engine dies and when a network breaks: `hasEnded` is asked which
 *   it was. Only the command's end is an end; otherwise the stream is destroyed, with what `hasEnded` threw as the cause.
 */
export class TerminalStream extends Duplex {
  readonly #connection: OpenConnection;
  readonly #hasEnded: () => Promise<boolean>;
  #isOver = false;

  constructor(connection: OpenConnection, hasEnded: () => Promise<boolean>) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    this.#hasEnded = hasEnded;
    const { socket, head, scope } = connection;
    this.on("error", () => {}); // whoever reads is told; that nobody does yet must not end the process
    if (head.length > 0) this.push(head);
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    let cause: unknown;
    socket.once("error", (error) => (cause = error));
    socket.once("end", () => void this.#conclude(cause));
    socket.once("close", () => void this.#conclude(cause));
    scope.onInterrupt(() => this.destroy(scope.error(true)));
  }

  override _read(): void {
    this.#connection.socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // What was typed to a connection that has ended is lost, and why it ended is told on the other side.
    this.#connection.socket.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#isOver = true;
    this.#connection.socket.destroy();
    this.#connection.scope.end();
    done(error);
  }

  async #conclude(cause: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      if (await this.#hasEnded()) this.push(null);
      else this.destroy(new EngineError("unreachable", LOST, { cause }));
    } catch (error) {
      this.destroy(new EngineError("unreachable", LOST, { cause: error }));
    }
  }
}
