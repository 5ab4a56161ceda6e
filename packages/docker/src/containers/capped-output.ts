import type { ExecResult, LogChunk } from "../engine.ts";

/** Collects a command's output up to a limit of both streams together; what comes after is counted as cut. */
export class CappedOutput {
  readonly #parts: Record<LogChunk["stream"], Uint8Array[]> = { stdout: [], stderr: [] };
  #room: number;
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  add(stream: LogChunk["stream"], data: Uint8Array): void {
    const taken = data.subarray(0, this.#room);
    this.#room -= taken.length;
    if (taken.length > 0) this.#parts[stream].push(taken);
    if (taken.length < data.length) this.#isTruncated = true;
  }

  result(): Omit<ExecResult, "exit_code"> {
    return {
      stdout: Buffer.concat(this.#parts.stdout),
      stderr: Buffer.concat(this.#parts.stderr),
      truncated: this.#isTruncated,
    };
  }
}
