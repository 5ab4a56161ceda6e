import { once } from "node:events";
import { posix } from "node:path";
import type { Readable, Writable } from "node:stream";
import { scriptFailure } from "@berth/api/containers/files/refusals.ts";
import { EXIT, WRITE_SCRIPT } from "@berth/api/containers/files/scripts.ts";
import { interruptible } from "@berth/api/interruptible.ts";
import type { Command } from "../commands/commands.ts";
import { readFirstLine } from "./first-line.ts";
import { within } from "./within.ts";

export interface ReceivedFile {
  path: string;
  size: number;
  overwrite: boolean;
  /** Of the file's own that it becomes while it arrives. */
  id: string;
}

export const writeCommand = ({ path, size, overwrite, id }: ReceivedFile): string[] => {
  const place = [posix.dirname(path), posix.basename(path)];
  return ["/bin/sh", "-c", WRITE_SCRIPT, "sh", ...place, String(size), overwrite ? "1" : "0", id];
};

/**
 * Gives the script what arrives, no faster than it takes it; resolves once the file has its name. Nothing of a file that
 * does not arrive whole is kept: the script counts. Throws its refusal, before anything of `body` is read where it can be.
 */
export async function receiveFile(command: Command, body: Readable, path: string, stallMs: number): Promise<void> {
  const { rest } = await readFirstLine(command, /^ready$/, { path, stallMs });
  // It says no more, and ends early where there is no room.
  const ended = rest.next();
  ended.catch(() => undefined);
  try {
    await pour(body, command.stdin, ended, stallMs);
  } catch (error) {
    // Who sent it has gone: that is nothing of ours.
    throw body.destroyed ? scriptFailure(EXIT.cut, path) : error;
  } finally {
    command.stdin.end();
  }
  await within(stallMs, ended);
  const code = await within(stallMs, command.exitCode());
  if (code !== 0) throw scriptFailure(code, path);
}

async function pour(body: Readable, stdin: Writable, ended: Promise<unknown>, stallMs: number): Promise<void> {
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const orEnded = interruptible(ended);
  for (;;) {
    const next = await within(stallMs, orEnded(chunks.next()));
    if (next === "ended" || next.done) return;
    if (stdin.write(next.value)) continue;
    if ((await within(stallMs, orEnded(once(stdin, "drain")))) === "ended") return;
  }
}
