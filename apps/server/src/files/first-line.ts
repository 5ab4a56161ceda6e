import { setTimeout as delay } from "node:timers/promises";
import { scriptFailure } from "@berth/api/containers/files/refusals.ts";
import type { Command } from "../commands/commands.ts";
import { within } from "./within.ts";

/** Longer than the first line of any script of ours. */
const MAX_LINE_BYTES = 100;
/** For the end of what is no script of ours: it comes at once where the image has no shell. */
const END_MS = 3_000;

/**
 * What a script says first, without the line break, and what came with it. Throws its refusal; and that it could not be
 * had where `form` does not fit: anything may stand in the place of the shell, talk without end and never go.
 */
export async function readFirstLine(
  { stdout, exitCode }: Pick<Command, "stdout" | "exitCode">,
  form: RegExp,
  { path, stallMs }: { path: string; stallMs: number },
): Promise<{ line: RegExpExecArray; first: Buffer; rest: AsyncIterator<Buffer> }> {
  const rest = (stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  while (!held.includes("\n") && held.length <= MAX_LINE_BYTES) {
    const { value, done } = await within(stallMs, rest.next());
    if (done) throw scriptFailure(await within(stallMs, exitCode()), path);
    held = Buffer.concat([held, value]);
  }
  const end = held.indexOf("\n");
  const line = form.exec(held.subarray(0, Math.max(0, end)).toString("latin1"));
  if (line) return { line, first: held.subarray(end + 1), rest };
  const ended = exitCode();
  ended.catch(() => undefined);
  throw scriptFailure(await Promise.race([ended, delay(Math.min(END_MS, stallMs), null, { ref: false })]), path);
}
