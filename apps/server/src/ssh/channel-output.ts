import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { ServerChannel } from "ssh2";

/** What may wait for the network, of one connection. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What ssh2 keeps of a write that waits for its channel's window. */
const NOTHING_KEPT = { _chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined };

/**
 * The way to the client of a channel, at the pace of its reading. Ssh2 leaves two things to us:
 *
 * - It holds back no more than a channel's window does, which its client may make as wide as it likes. So the socket is
 *   looked at, too.
 * - Once the window is used up it knows of one write that waits, and sends what once waited again where the other output
 *   does. So there is one write at a time, and what it kept of that is taken from it.
 */
export class ChannelOutput {
  readonly #channel: ServerChannel;
  readonly #socket: Socket;
  readonly #gone: AbortSignal;
  #last: Promise<void> = Promise.resolve();

  /** After `gone` nobody reads any more. */
  constructor(channel: ServerChannel, socket: Socket, gone: AbortSignal) {
    this.#channel = channel;
    this.#socket = socket;
    this.#gone = gone;
  }

  /** Resolves when it was taken, or when nobody will: a channel that has closed never says so. */
  write(chunk: Buffer, to: "stdout" | "stderr" = "stdout"): Promise<void> {
    this.#last = this.#last.then(() => this.#write(chunk, to));
    return this.#last;
  }

  /**
   * Copies all of it. Once nobody reads any more, what comes is read and thrown away: a command must not hang on output
   * that nobody will read.
   */
  async pump(source: Readable, to: "stdout" | "stderr" = "stdout"): Promise<void> {
    for await (const chunk of source as AsyncIterable<Buffer>) await this.write(chunk, to);
  }

  async #write(chunk: Buffer, to: "stdout" | "stderr"): Promise<void> {
    while (this.#socket.writableLength > MAX_WAITING_BYTES && !this.#gone.aborted) {
      await once(this.#socket, "drain", { signal: this.#gone }).catch(() => undefined); // one that breaks is gone soon
    }
    if (this.#gone.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#gone.removeEventListener("abort", done);
        Object.assign(this.#channel, NOTHING_KEPT);
        resolve();
      };
      this.#gone.addEventListener("abort", done);
      (to === "stderr" ? this.#channel.stderr : this.#channel).write(chunk, done);
    });
  }
}
