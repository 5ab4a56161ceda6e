import type { Readable, Writable } from "node:stream";

/**
 * Copies as fast as the other side takes it. Once that is `gone`, what comes is read and thrown away: a command must not
 * hang on output that nobody will read.
 */
export async function pump(source: Readable, target: Writable, gone: AbortSignal): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (!gone.aborted) await written(target, chunk, gone);
  }
}

/** Resolves when it was taken, or when nobody will: a channel of ssh that has closed never says so. */
export function written(target: Writable, chunk: Buffer, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener("abort", done);
      resolve();
    };
    gone.addEventListener("abort", done);
    target.write(chunk, done);
  });
}
