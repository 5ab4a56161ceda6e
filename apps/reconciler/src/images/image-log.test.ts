import { expect, test } from "vitest";
import { createImageLog } from "./image-log.ts";

const LEFT_OUT = "\n… some output was left out: it came faster than it could be kept …\n";
const QUARTER = 64 * 1_024;

/** What is kept of `pieces` that come faster than anything can be kept. */
async function kept(pieces: Iterable<string>): Promise<string> {
  let text = "";
  const log = createImageLog(
    async (more) => void (text += more),
    (error) => expect.unreachable(String(error)),
  );
  for (const piece of pieces) log.add(piece);
  await log.end();
  return text;
}

test("keeps all that is printed, in order", async () => {
  const lines = Array.from({ length: 2_000 }, (_, number) => `line ${number} of a build\n`);
  expect(await kept(lines)).toBe(lines.join(""));
});

test("keeps the beginning and the end of what comes too fast, in whole pieces", async () => {
  const lines = Array.from({ length: 100_000 }, (_, number) => `line ${number} of a build\n`);
  const [first, last, more] = (await kept(lines)).split(LEFT_OUT);
  expect(more).toBeUndefined();
  expect(lines.join("").startsWith(first!)).toBe(true);
  expect(lines.join("").endsWith(`\n${last!}`)).toBe(true);
  for (const part of [first!, last!]) {
    expect(part.endsWith("of a build\n")).toBe(true);
    expect(part.length).toBeGreaterThan(QUARTER - 100);
  }
  expect(last!.length).toBeLessThanOrEqual(4 * QUARTER);
});

test("of one piece that is too long keeps the end, after what came before it", async () => {
  const text = await kept(["before\n", "x".repeat(9 * QUARTER), `${"y".repeat(9 * QUARTER)}end`]);
  expect(text).toBe(`before\n${LEFT_OUT}${"y".repeat(QUARTER - 3)}end`);
});

test("goes on after what could not be kept, and says so", async () => {
  const failures: unknown[] = [];
  let text = "";
  const log = createImageLog(
    async (more) => {
      if (more === "lost") throw new Error("no database");
      text += more;
    },
    (error) => failures.push(error),
  );
  log.add("lost");
  await log.end();
  log.add("kept");
  await log.end();
  expect(text).toBe("kept");
  expect(failures).toEqual([new Error("no database")]);
});
