import type { LogChunk } from "../engine.ts";
import { EngineError } from "../engine.ts";
import { notDocker } from "../transport/failures.ts";

const HEADER_BYTES = 8;
/** An error of the engine itself, sent inside the stream. */
const SYSTEM_ERROR = 3;
const MAX_SYSTEM_ERROR_BYTES = 64 * 1024;

/**
 * Takes apart what Docker multiplexes: frames of one stream's bytes, each behind a header `[stream, 0, 0, 0, length]`.
 * Payload is passed on as it comes, without waiting for its frame's end, so a frame of any announced size costs no
 * memory. Throws `protocol` for what is no frame, and `failed` for an error that the engine sends in the stream.
 */
export class LogFrames {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  #remaining = 0;
  #systemError: Buffer[] = [];

  push(chunk: Buffer): LogChunk[] {
    const out: LogChunk[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#remaining === 0) {
        offset += this.#readHeader(chunk.subarray(offset));
        continue;
      }
      const data = chunk.subarray(offset, offset + this.#remaining);
      offset += data.length;
      this.#remaining -= data.length;
      this.#pass(data, out);
    }
    return out;
  }

  /** To be called at the stream's end: one that ends inside a frame was cut. */
  end(): void {
    if (this.#headerLength > 0 || this.#remaining > 0) throw notDocker("its log ended in the middle of a frame");
  }

  #readHeader(bytes: Buffer): number {
    const taken = Math.min(HEADER_BYTES - this.#headerLength, bytes.length);
    bytes.copy(this.#header, this.#headerLength, 0, taken);
    this.#headerLength += taken;
    if (this.#headerLength === HEADER_BYTES) {
      const isFrame = (this.#header[0] ?? 0) <= SYSTEM_ERROR && this.#header.readUIntBE(1, 3) === 0;
      if (!isFrame) throw notDocker("its log is not in frames");
      this.#remaining = this.#header.readUInt32BE(4);
      this.#headerLength = 0;
    }
    return taken;
  }

  #pass(data: Buffer, out: LogChunk[]): void {
    const stream = this.#header[0];
    if (stream !== SYSTEM_ERROR) {
      out.push({ stream: stream === 2 ? "stderr" : "stdout", data });
      return;
    }
    this.#systemError.push(data);
    const message = Buffer.concat(this.#systemError);
    if (this.#remaining === 0 || message.length > MAX_SYSTEM_ERROR_BYTES) {
      throw new EngineError("failed", message.toString("utf8").trim());
    }
  }
}
