import { expect, test } from "vitest";
import type { LogOptions } from "@berth/docker/engine.ts";
import { type ContractTarget, openScratch, type Scratch } from "./scratch.ts";

const BOTH = ["sh", "-c", "echo out; echo err >&2"];
const UNKNOWN_ID = "0".repeat(64);

export function describeLogs(target: () => Promise<ContractTarget>): void {
  test("keeps output and errors apart", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: BOTH });
    expect(await read(scratch, id)).toEqual({ stdout: "out\n", stderr: "err\n" });
  });

  test("gives all of a terminal's log as output, as the terminal wrote it", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: BOTH, tty: true });
    expect(await read(scratch, id)).toEqual({ stdout: "out\r\nerr\r\n", stderr: "" });
  });

  test("gives the last lines", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["sh", "-c", "echo one; echo two; echo three"] });
    expect((await read(scratch, id, { tail: 2 })).stdout).toBe("two\nthree\n");
    expect((await read(scratch, id, { tail: 0 })).stdout).toBe("");
  });

  test("gives the time of each line", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["echo", "one"] });
    expect((await read(scratch, id, { timestamps: true })).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n$/);
  });

  test("gives nothing of a container that never ran", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    expect(await read(scratch, id)).toEqual({ stdout: "", stderr: "" });
  });

  test("follows a log until its container ends", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({
      command: ["sh", "-c", "echo one; until test -e /go; do sleep 0.05; done; echo two"],
    });
    const seen: string[] = [];
    for await (const { data } of scratch.engine.logs(id, { follow: true, signal: new AbortController().signal })) {
      seen.push(Buffer.from(data).toString());
      if (seen.length === 1) await scratch.engine.exec(id, ["touch", "/go"]);
    }
    expect(seen.join("")).toBe("one\ntwo\n");
  });

  test("says that a log is followed before anything is printed there", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({ command: ["sh", "-c", "until test -e /go; do sleep 0.05; done; echo first"] });
    const order: string[] = [];
    let go: Promise<unknown> | undefined;
    const connected = (): void => {
      order.push("connected");
      go = scratch.engine.exec(id, ["touch", "/go"]);
    };
    const signal = new AbortController().signal;
    for await (const { data } of scratch.engine.logs(id, { follow: true, signal, connected })) {
      order.push(Buffer.from(data).toString());
    }
    await go;
    expect(order).toEqual(["connected", "first\n"]);
  });

  test("stops following at its caller's signal", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({ command: ["sh", "-c", "echo one; sleep 1000"] });
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of scratch.engine.logs(id, { follow: true, signal: stop.signal })) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ kind: "closed" });
  });

  test("passes on much output whole", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["sh", "-c", "seq 1 20000"] });
    const { stdout } = await read(scratch, id);
    expect(stdout.split("\n")).toHaveLength(20_001);
    expect(stdout.endsWith("\n19999\n20000\n")).toBe(true);
  });

  test("has no log where there is no container", async () => {
    const scratch = await openScratch(target);
    await expect(read(scratch, UNKNOWN_ID)).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });
}

async function read(scratch: Scratch, id: string, options: Partial<LogOptions> = {}) {
  const text = { stdout: "", stderr: "" };
  const logs = scratch.engine.logs(id, { follow: false, signal: new AbortController().signal, ...options });
  for await (const { stream, data } of logs) text[stream] += Buffer.from(data).toString();
  return text;
}
