import { Readable, Writable } from "node:stream";
import { EngineError } from "../engine.ts";
import type { OpenConnection } from "../transport/engine-link.ts";
import { LogFrames } from "../wire/log-frames.ts";

const LOST = "The connection to the Docker engine was lost while a command ran.";

/**
 * Input and output of a command, over the connection that the engine has handed over: what is written goes as it is, and
 * its half-close is the end of the input; what comes is in frames of the two outputs.
 *
 * - Both outputs share one connection, which is read only while both have room: no more than a few buffers are kept.
 * - Connections end alike when the command does, when the engine dies and when a network breaks: `exitCode` is asked which
 *   it was, and throws unless the command has ended.
 */
export class CommandStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settled when all is over; nobody need wait for it. */
  readonly over: Promise<{ exit_code: number | null }>;
  readonly #connection: OpenConnection;
  readonly #exitCode: () => Promise<number | null>;
  readonly #frames = new LogFrames();
  readonly #full = new Set<Readable>();
  readonly #settle: { resolve: (value: { exit_code: number | null }) => void; reject: (error: Error) => void };
  #hasEnded = false;

  constructor(connection: OpenConnection, exitCode: () => Promise<number | null>) {
    this.#connection = connection;
    this.#exitCode = exitCode;
    const { promise, resolve, reject } = Promise.withResolvers<{ exit_code: number | null }>();
    promise.catch(() => {});
    this.over = promise;
    this.#settle = { resolve, reject };
    this.stdout = this.#output();
    this.stderr = this.#output();
    this.stdin = this.#input();
    const { socket, head, scope } = connection;
    let cause: unknown;
    socket.on("error", (error) => (cause = error));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.once("end", () => void this.#conclude(cause));
    socket.once("close", () => void this.#conclude(cause));
    scope.onInterrupt(() => this.#fail(scope.error(true)));
    if (head.length > 0) this.#take(head);
  }

  close(): void {
    this.#fail(new EngineError("closed", "The command's connection was closed."));
  }

  #output(): Readable {
    const output: Readable = new Readable({
      read: () => this.#makeRoom(output),
      destroy: (error, done) => {
        this.#makeRoom(output); // what is not wanted any more holds nothing up
        done(error);
      },
    });
    return output.on("error", noop); // whoever reads is told; that nobody does must not end the process
  }

  #input(): Writable {
    const { socket } = this.#connection;
    return new Writable({
      // What is written to a command that has ended is lost, as its exit code tells.
      write: (chunk: Buffer, _, done) => void socket.write(chunk, () => done()),
      final: (done) => {
        if (socket.writable) socket.end(() => done());
        else done();
      },
    }).on("error", noop);
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    try {
      for (const { stream, data } of this.#frames.push(chunk)) {
        const output = this[stream];
        if (!output.destroyed && !output.push(data)) this.#full.add(output);
      }
    } catch (error) {
      this.#fail(error as EngineError);
      return;
    }
    if (this.#full.size > 0) this.#connection.socket.pause();
  }

  #makeRoom(output: Readable): void {
    this.#full.delete(output);
    if (this.#full.size === 0) this.#connection.socket.resume();
  }

  async #conclude(cause: unknown): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      this.#frames.end();
      const exit_code = await this.#exitCode();
      this.stdout.push(null);
      this.stderr.push(null);
      this.#release();
      this.stdin.destroy();
      this.#settle.resolve({ exit_code });
    } catch (error) {
      this.#destroy(new EngineError("unreachable", LOST, { cause: cause ?? error }));
    }
  }

  #fail(error: EngineError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#destroy(error);
  }

  #destroy(error: EngineError): void {
    this.#release();
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
    this.#settle.reject(error);
  }

  #release(): void {
    this.#connection.socket.destroy();
    this.#connection.scope.end();
  }
}

function noop(): void {}
