import { pipeline } from "node:stream/promises";
import { Readable, Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { CommandRequest, EngineCommand } from "@berth/docker/engine.ts";
import { relayEngine } from "./relayed-engine.ts";
import { type ContractTarget, eventually, openScratch, type Scratch } from "./scratch.ts";

const MEGABYTE = 1024 * 1024;

export function describeOpenCommands(target: () => Promise<ContractTarget>): void {
  test("keeps output and errors apart, and tells the exit code", async () => {
    const command = await open(await openScratch(target), ["sh", "-c", "echo out; echo err >&2; exit 7"]);
    expect(await Promise.all([text(command.stdout), text(command.stderr)])).toEqual(["out\n", "err\n"]);
    expect(await command.wait()).toEqual({ exit_code: 7 });
    expect(command.exec_id).toMatch(/^[0-9a-f]{64}$/);
  });

  test("takes environment, directory and user", async () => {
    const more = { env: ["COLOUR=blue"], working_dir: "/tmp", user: "65534" };
    const command = await open(await openScratch(target), ["sh", "-c", "echo $COLOUR; pwd; id -u"], more);
    command.stderr.resume();
    expect(await text(command.stdout)).toBe("blue\n/tmp\n65534\n");
  });

  test("gives the command the end of its input, and shows what it prints after it", async () => {
    const command = await open(await openScratch(target), ["sh", "-c", "cat; echo after; exit 3"]);
    command.stderr.resume();
    command.stdin.write("typed\n");
    command.stdin.end();
    expect(await text(command.stdout)).toBe("typed\nafter\n");
    expect(await command.wait()).toEqual({ exit_code: 3 });
  });

  test("carries bytes as they are", async () => {
    const command = await open(await openScratch(target), ["cat"]);
    command.stderr.resume();
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at & 0xff));
    command.stdin.end(bytes);
    expect((await buffer(command.stdout)).equals(bytes)).toBe(true);
  });

  test("passes 100 MB in both directions at once, and holds little of it here", async () => {
    const command = await open(await openScratch(target), ["cat"]);
    command.stderr.resume();
    let [returned, held] = [0, 0];
    const count = new Writable({
      write(chunk: Buffer, _, done) {
        returned += chunk.length;
        held = Math.max(held, command.stdin.writableLength + command.stdout.readableLength);
        done();
      },
    });
    const part = Buffer.alloc(64 * 1024, 1);
    const source = Readable.from(Array.from({ length: 1600 }, () => part));
    await Promise.all([pipeline(source, command.stdin), pipeline(command.stdout, count)]);
    expect(returned).toBe(100 * MEGABYTE);
    expect(await command.wait()).toEqual({ exit_code: 0 });
    expect(held).toBeLessThan(MEGABYTE);
  }, 60_000);

  test("holds the command back while nobody reads", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const count = 32 * MEGABYTE;
    const printing = await scratch.engine.openCommand(id, {
      command: ["sh", "-c", `head -c ${count} /dev/zero; touch /done`],
    });
    printing.stderr.resume();
    await eventually(() => expect(printing.stdout.readableLength).toBeGreaterThan(0));
    for (let look = 0; look < 5; look++) {
      expect((await scratch.engine.exec(id, ["test", "-e", "/done"])).exit_code).toBe(1);
      expect(printing.stdout.readableLength).toBeLessThan(MEGABYTE);
    }
    let length = 0;
    for await (const chunk of printing.stdout) length += (chunk as Buffer).length;
    expect(length).toBe(count);
    expect((await scratch.engine.exec(id, ["test", "-e", "/done"])).exit_code).toBe(0);
  });

  test("holds the writer back while the command does not read", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const command = await scratch.engine.openCommand(id, { command: ["sleep", "1000"] });
    const part = Buffer.alloc(64 * 1024, 1);
    let taken = 0;
    for (let written = 0; written < 1024; written++) command.stdin.write(part, () => taken++);
    await eventually(() => expect(taken).toBeGreaterThan(0));
    for (let before = 0; taken > before;) {
      before = taken;
      for (let look = 0; look < 5; look++) await scratch.engine.exec(id, ["true"]);
    }
    command.close();
    expect(taken).toBeLessThan(512);
  });

  test("shows output while nobody reads the errors", async () => {
    const command = await open(await openScratch(target), ["sh", "-c", "echo few >&2; seq 1 20000"]);
    expect((await text(command.stdout)).endsWith("\n20000\n")).toBe(true);
    expect(await text(command.stderr)).toBe("few\n");
  });

  test("gives the shell's own exit code for a command that is not there", async () => {
    const command = await open(await openScratch(target), ["no-such-command"]);
    command.stderr.resume();
    expect(await text(command.stdout)).toContain("no-such-command");
    const { exit_code } = await command.wait();
    expect([126, 127]).toContain(exit_code);
  });

  test("opens nothing in a container that does not run", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    const opening = scratch.engine.openCommand(id, { command: ["true"] });
    await expect(opening).rejects.toMatchObject({ kind: "conflict", status: 409 });
  });

  test("ends with its container", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const command = await scratch.engine.openCommand(id, { command: ["cat"] });
    command.stdin.write("it runs");
    await eventually(() => expect(command.stdout.readableLength).toBeGreaterThan(0));
    const output = Promise.all([text(command.stdout), text(command.stderr)]);
    await scratch.engine.stopContainer(id, 0);
    expect(await output).toEqual(["it runs", ""]);
    await command.wait();
  });

  test("ends the command's input when it is closed", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const command = await scratch.engine.openCommand(id, { command: ["sh", "-c", "cat; touch /ended"] });
    command.stdin.write("typed\n");
    await eventually(() => expect(command.stdout.readableLength).toBeGreaterThan(0));
    command.close();
    await expect(command.wait()).rejects.toMatchObject({ kind: "closed" });
    await eventually(async () => expect((await scratch.engine.exec(id, ["test", "-e", "/ended"])).exit_code).toBe(0));
  });

  test("takes a connection that is cut for a loss, not for the command's end", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { wire } = scratch.target;
    if (!wire) return skip("no plain connection leads to this engine");
    const { engine, cut } = await relayEngine(wire);
    const id = await scratch.start();
    // One that does not read, or its input's end would end it.
    const command = await engine.openCommand(id, { command: ["sleep", "30"] });
    cut();
    await expect(command.wait()).rejects.toMatchObject({ kind: "unreachable", sent: true });
    await expect(text(command.stdout)).rejects.toMatchObject({ kind: "unreachable" });
  });

  test("closes at its caller's signal, and with the engine's connection", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const stop = new AbortController();
    const signalled = await scratch.engine.openCommand(id, { command: ["cat"] }, { signal: stop.signal });
    stop.abort();
    await expect(signalled.wait()).rejects.toMatchObject({ kind: "closed" });
    const { engine } = await target();
    onTestFinished(() => engine.close());
    const closed = await engine.openCommand(id, { command: ["cat"] });
    engine.close();
    await expect(closed.wait()).rejects.toMatchObject({ kind: "closed" });
    await expect(text(closed.stdout)).rejects.toMatchObject({ kind: "closed" });
  });
}

async function open(scratch: Scratch, command: string[], more: Partial<CommandRequest> = {}): Promise<EngineCommand> {
  return scratch.engine.openCommand(await scratch.start(), { command, ...more });
}
