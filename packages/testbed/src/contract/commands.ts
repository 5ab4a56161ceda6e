import { expect, test } from "vitest";
import { type ContractTarget, openScratch } from "./scratch.ts";

export function describeCommands(target: () => Promise<ContractTarget>): void {
  test("answers a command's exit code, its output and its errors", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const result = await scratch.engine.exec(id, ["sh", "-c", "echo out; echo err >&2; exit 7"]);
    expect(textOf(result)).toEqual({ exit_code: 7, stdout: "out\n", stderr: "err\n", truncated: false });
  });

  test("takes environment, directory and user", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const options = { env: ["COLOUR=blue"], working_dir: "/tmp", user: "65534" };
    const result = await scratch.engine.exec(id, ["sh", "-c", "echo $COLOUR; pwd; id -u"], options);
    expect(textOf(result)).toMatchObject({ exit_code: 0, stdout: "blue\n/tmp\n65534\n" });
  });

  test("cuts output that is too long, and says so", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const command = ["sh", "-c", "seq 1 20000; exit 4"];
    const cut = await scratch.engine.exec(id, command, { maxOutputBytes: 100 });
    expect(cut).toMatchObject({ exit_code: 4, truncated: true });
    expect(cut.stdout).toHaveLength(100);
    const whole = await scratch.engine.exec(id, command);
    expect(whole).toMatchObject({ exit_code: 4, truncated: false });
    expect(textOf(whole).stdout.endsWith("\n20000\n")).toBe(true);
  });

  test("gives the shell's own exit code for a command that is not there", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const { exit_code } = await scratch.engine.exec(id, ["no-such-command"]);
    expect([126, 127]).toContain(exit_code);
  });

  test("runs nothing in a container that does not run", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    await expect(scratch.engine.exec(id, ["true"])).rejects.toMatchObject({ kind: "conflict", status: 409 });
  });

  test("gives up waiting for a command at its deadline", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const slow = scratch.engine.exec(id, ["sleep", "5"], { deadlineMs: 500 });
    await expect(slow).rejects.toMatchObject({ kind: "unreachable", timedOut: true, sent: true });
  });
}

function textOf({ exit_code, stdout, stderr, truncated }: Awaited<ReturnType<ContractTarget["engine"]["exec"]>>) {
  return { exit_code, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), truncated };
}
