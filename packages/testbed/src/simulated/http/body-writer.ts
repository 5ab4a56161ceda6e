import type { ServerResponse } from "node:http";
import type { FaultEffect } from "../faults.ts";

/** Writes an answer's body, or as much of it as the fault of the call lets through. */
export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #effect: FaultEffect;
  #written = 0;
  #drained: Promise<void> | null = null;
  #isOver = false;

  constructor(response: ServerResponse, effect: FaultEffect) {
    this.#response = response;
    this.#effect = effect;
    response.once("close", () => (this.#isOver = true));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the client can take more: what streams waits for it. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#isOver) return;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const effect = this.#effect;
    const left = "after_bytes" in effect ? effect.after_bytes - this.#written : Infinity;
    this.#written += bytes.length;
    if (bytes.length <= left) return this.#send(bytes);
    await this.#send(bytes.subarray(0, left));
    this.#isOver = true;
    if (effect.kind === "truncate") this.#response.end();
    if (effect.kind === "cut") this.#response.destroy();
  }

  end(): void {
    if (!this.#isOver) this.#response.end();
    this.#isOver = true;
  }

  #send(bytes: Uint8Array): Promise<void> {
    const isFull = !this.#response.write(bytes);
    return isFull ? (this.#drained ??= this.#untilDrained()) : Promise.resolve();
  }

  /** One wait for all who write meanwhile: not every writer of a stream waits for its turn. */
  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      const proceed = (): void => {
        this.#response.off("drain", proceed).off("close", proceed);
        this.#drained = null;
        resolve();
      };
      this.#response.once("drain", proceed).once("close", proceed);
    });
  }
}
