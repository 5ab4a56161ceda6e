import { expect, test } from "vitest";
import { NotableLines } from "./notable-lines.ts";

test("picks warnings and errors, with the error's message, and nothing else", () => {
  const lines = new NotableLines();
  expect(lines.pick('{"level":30,"msg":"machine listed"}')).toBeNull();
  expect(lines.pick('{"level":40,"msg":"machine is slow"}')).toBe("machine is slow");
  const failure = { level: 50, msg: "reconcile failed", err: { message: "no answer\n  at stack" } };
  expect(lines.pick(JSON.stringify(failure))).toBe("reconcile failed: no answer");
  expect(lines.pick("    at Server.listen (node:net:1)")).toBeNull();
});

test("shows the same text once a minute", () => {
  let now = 0;
  const lines = new NotableLines(() => now);
  const line = '{"level":40,"msg":"machine is slow"}';
  expect([lines.pick(line), lines.pick(line)]).toEqual(["machine is slow", null]);
  now = 60_000;
  expect(lines.pick(line)).toBe("machine is slow");
});
