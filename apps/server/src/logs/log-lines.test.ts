import fc from "fast-check";
import { expect, test } from "vitest";
import { LogLines, type LogPoint } from "./log-lines.ts";

const stampOf = (serial: number): string => `2026-01-02T03:04:05.${String(serial).padStart(9, "0")}Z`;
const PART = 16 * 1024;

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
  fc.constantFrom("", "20", "2026-01-02T03:04:04.000000001Z earlier than its own stamp", "2026-01-02T03", "Z Z Z "),
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
      expect(read(new LogLines(false), asLogged(messages), cuts)).toBe(messages.join(""));
    }),
  );
});

test("leaves each message's time where it was asked for, once", () => {
  fc.assert(
    fc.property(runs, cuts, (messages, cuts) => {
      const expected = messages.map((text, serial) => `${stampOf(serial)} ${text}`).join("");
      expect(read(new LogLines(true), asLogged(messages), cuts)).toBe(expected);
    }),
  );
});

test("goes on where it was interrupted, without a byte doubled or lost", () => {
  fc.assert(
    fc.property(runs, fc.nat(), fc.nat(), fc.boolean(), cuts, (messages, cut, since, showsTimes, cuts) => {
      const logged = asLogged(messages);
      const whole = read(new LogLines(showsTimes), logged);
      const first = new LogLines(showsTimes);
      const before = first.push(Buffer.from(logged.slice(0, cut % (logged.length + 1)), "latin1"));
      const { point } = first;
      // An engine begins at the message that it is asked for, or a little before.
      const serial = point ? Number(point.stamp.slice(20, 29)) : 0;
      const from = logged.indexOf(stampOf(Math.max(0, serial - (since % 3))));
      const after = read(new LogLines(showsTimes, point), logged.slice(Math.max(0, from)), cuts);
      expect(before.toString("latin1") + after).toBe(whole);
    }),
    { numRuns: 300 },
  );
});

test("shows what is printed at once, and holds back only what may be a time", () => {
  const lines = new LogLines(false);
  expect(lines.push(Buffer.from(`${stampOf(1)} $ `)).toString()).toBe("$ ");
  expect(lines.push(Buffer.from("ls 20")).toString()).toBe("ls ");
  expect(lines.push(Buffer.from("26 files\n")).toString()).toBe("2026 files\n");
  expect(lines.point).toEqual({ stamp: stampOf(1), openBytes: null } satisfies LogPoint);
});
