import fc from "fast-check";
import { expect, test } from "vitest";
import { LogLines, type LogPoint } from "./log-lines.ts";

const stampOf = (serial: number): string => `2026-01-02T03:04:05.${String(serial).padStart(9, "0")}Z`;
const PART = 16 * 1024;
const now = (): number => Date.parse("2026-01-02T03:04:06Z");
const linesOf = (showsTimes: boolean, after: LogPoint | null = null): LogLines => new LogLines(showsTimes, after, now);

/** As an engine writes messages: each with its stamp, cut in parts where it is long. */
function asLogged(messages: readonly string[]): string {
  return messages
    .map((message, serial) => {
      const parts = message.match(new RegExp(`[^]{1,${PART}}`, "g")) ?? [];
      return parts.map((part) => `${stampOf(serial)} ${part}`).join("");
    })
    .join("");
}

function read(lines: LogLines, logged: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(logged, "latin1");
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const out = at.slice(1).map((end, index) => lines.push(bytes.subarray(at[index], end)));
  return Buffer.concat([...out, lines.end()]).toString("latin1");
}

const message = fc.oneof(
  fc.string({ maxLength: 60 }).map((text) => text.replace(/[^ -~]/g, "?")),
  fc.constantFrom(
    "",
    "20",
    "2026-01-02T03:04:04.000000001Z earlier than its own stamp",
    "2030-01-01T00:00:00.000000000Z has not come yet",
    "a lease until 2026-01-02T03:09:05.000000000Z ",
    "2026-01-02T03",
    "Z Z Z ",
  ),
  fc.integer({ min: PART - 2, max: 3 * PART + 1 }).map((length) => "x".repeat(length)),
);
const ended = message.map((text) => `${text}\n`);
/** Runs of a command, of which the last line may have no end. */
const runs = fc
  .array(fc.tuple(fc.array(ended, { maxLength: 5 }), message), { minLength: 1, maxLength: 4 })
  .map((all) => all.flatMap(([lines, last]) => [...lines, ...(last === "" ? [] : [last])]));
const cuts = fc.array(fc.nat(), { maxLength: 8 });

test("takes the engine's times away, and nothing else", () => {
  fc.assert(
    fc.property(runs, cuts, (messages, cuts) => {
      expect(read(linesOf(false), asLogged(messages), cuts)).toBe(messages.join(""));
    }),
  );
});

test("leaves each message's time where it was asked for, once", () => {
  fc.assert(
    fc.property(runs, cuts, (messages, cuts) => {
      const expected = messages.map((text, serial) => `${stampOf(serial)} ${text}`).join("");
      expect(read(linesOf(true), asLogged(messages), cuts)).toBe(expected);
    }),
  );
});

test("goes on where it was interrupted, without a byte doubled or lost", () => {
  fc.assert(
    fc.property(runs, fc.nat(), fc.nat(), fc.boolean(), cuts, (messages, cut, since, showsTimes, cuts) => {
      const logged = asLogged(messages);
      const whole = read(linesOf(showsTimes), logged);
      const first = linesOf(showsTimes);
      const before = first.push(Buffer.from(logged.slice(0, cut % (logged.length + 1)), "latin1"));
      const { point } = first;
      // An engine begins at the message that it is asked for, or a little before.
      const serial = point ? Number(point.stamp.slice(20, 29)) : 0;
      const from = logged.indexOf(stampOf(Math.max(0, serial - (since % 3))));
      const after = read(linesOf(showsTimes, point), logged.slice(Math.max(0, from)), cuts);
      expect(before.toString("latin1") + after).toBe(whole);
    }),
    { numRuns: 300 },
  );
});

test("shows what is printed at once, and holds back only what may be a time", () => {
  const lines = linesOf(false);
  expect(lines.push(Buffer.from(`${stampOf(1)} $ `)).toString()).toBe("$ ");
  expect(lines.push(Buffer.from("ls 20")).toString()).toBe("ls ");
  expect(lines.push(Buffer.from("26 files\n")).toString()).toBe("2026 files\n");
  expect(lines.point).toEqual({ stamp: stampOf(1), openBytes: null } satisfies LogPoint);
});

test("keeps a time in a line that is later than the next line's", () => {
  const due = "2026-01-02T03:04:05.500000000Z";
  const lines = [`${stampOf(1)} due at ${due} or so\n`, `${stampOf(2)} next\n`];
  expect(read(linesOf(false), lines.join(""))).toBe(`due at ${due} or so\nnext\n`);
});

test("takes no time for a message's in a line that was read to its end, however late it is read again", () => {
  const lease = "2026-01-02T03:09:05.000000000Z";
  const logged = `${stampOf(1)} a lease until ${lease} and no longer\n`;
  const first = linesOf(false);
  expect(read(first, logged)).toBe(`a lease until ${lease} and no longer\n`);
  const later = new LogLines(false, first.point, () => Date.parse("2026-01-03T00:00:00Z"));
  expect(read(later, logged)).toBe("");
});

test("allows for a machine whose clock is a little ahead", () => {
  const ahead = "2026-01-02T03:04:50.000000000Z";
  expect(read(linesOf(false), `${stampOf(1)} no end${ahead} the next run\n`)).toBe("no endthe next run\n");
});
