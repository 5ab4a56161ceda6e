import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ShellLines } from "./shell-lines.ts";

/** A shell that answers each line with what it is told to, where `MARK` stands for the line's own mark. */
function openShell(answers: string[], { step = Infinity, stallMs = 60_000 } = {}) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  stdin.on("data", (line: Buffer) => {
    const mark = /[0-9a-f]{32}/.exec(line.toString())?.[0] ?? "";
    const said = Buffer.from((answers.shift() ?? "").replace("MARK", mark));
    for (let at = 0; at < said.length; at += step) stdout.write(said.subarray(at, at + step));
  });
  return new ShellLines(stdin, stdout, stallMs);
}

test("reads each answer and its exit code, in whatever pieces they come", async () => {
  const anyAnswers = fc.array(fc.tuple(fc.string(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(anyAnswers, fc.integer({ min: 1, max: 64 }), async (answers, step) => {
      const shell = openShell(
        answers.map(([output, status]) => `${output}\nMARK ${status}\n`),
        { step },
      );
      for (const [output, status] of answers) {
        const answer = await shell.run("true");
        expect({ ...answer, output: answer.output.toString() }).toEqual({ status, output });
      }
    }),
  );
});

test("gives a shell up that stands still in the middle of an answer, and not one that has not begun to answer", async () => {
  const [silent, stalled] = [openShell([""], { stallMs: 10 }), openShell(["half of"], { stallMs: 50 })];
  let hasEnded = false;
  silent.run("sleep 1000").catch(() => (hasEnded = true));
  await expect(stalled.run("ls")).rejects.toThrow("stands still");
  expect(hasEnded).toBe(false);
  await expect(stalled.run("ls")).rejects.toThrow();
});

test("gives a shell up whose answer has no end", async () => {
  const shell = openShell(["x".repeat(9 * 1024 * 1024)], { step: 65_536 });
  await expect(shell.run("cat /dev/zero")).rejects.toThrow("answers too much");
});
