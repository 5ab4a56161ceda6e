import { posix } from "node:path";
import { READ_SCRIPT } from "@berth/api/containers/files/scripts.ts";
import type { Command } from "../commands/commands.ts";
import { readFirstLine } from "./first-line.ts";
import { within } from "./within.ts";

export const readCommand = (path: string): string[] => ["/bin/sh", "-c", READ_SCRIPT, "sh", path];

export interface SentFile {
  /** As it is to be saved. */
  name: string;
  /** Null of a folder: nobody knows how large its tar becomes. */
  size: number | null;
  /** Throws where less came than was told, so that who reads learns that it is not whole. */
  bytes: AsyncIterable<Buffer>;
}

/** What the script prints, from its first line on. Throws its refusal, or what cut it off. */
export async function openSentFile(command: Command, path: string, stallMs: number): Promise<SentFile> {
  const { line, first, rest } = await readFirstLine(command, /^(file|folder) (\d+)$/, { path, stallMs });
  const [, kind, size] = line;
  const name = posix.basename(path);
  const chunks = {
    async *[Symbol.asyncIterator]() {
      yield first;
      for (;;) {
        const { value, done } = await within(stallMs, rest.next());
        if (done) return;
        yield value;
      }
    },
  };
  return kind === "file"
    ? { name, size: Number(size), bytes: exactly(Number(size), chunks, command) }
    : { name: `${name}.tar`, size: null, bytes: wholeTar(chunks, command) };
}

/** Of a file that grows meanwhile, as a log does, what it had at first. */
async function* exactly(size: number, chunks: AsyncIterable<Buffer>, command: Command): AsyncGenerator<Buffer> {
  let left = size;
  for await (const chunk of chunks) {
    if (left === 0 && chunk.length > 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    if (part.length > 0) yield part;
  }
  if (left > 0) throw new Error(`the file ended ${left} bytes early, with ${await command.exitCode()}`);
}

/** tar says 1 of a file that changed while it was read: what it wrote is whole all the same. */
async function* wholeTar(chunks: AsyncIterable<Buffer>, command: Command): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
  const code = await command.exitCode();
  if (code !== 0 && code !== 1) throw new Error(`tar ended with ${code}`);
}
