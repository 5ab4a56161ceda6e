import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isAlive, killProcess, ownIdentity, parseProcessStat, readBootId } from "./process-identity.ts";

test("reads the fields behind a name that holds spaces and parentheses", () => {
  const fields = ["S", "41", ...Array.from({ length: 17 }, () => "0"), "123456", "0"];
  expect(parseProcessStat(`42 (a) S 7 (b) ${fields.join(" ")}\n`)).toEqual({
    pid: 42,
    parent_pid: 41,
    start_time: "123456",
  });
});

describe.skipIf(process.platform !== "linux")("a process of this machine", () => {
  test("is alive until it ends, and a pid that was given again is another process", async () => {
    const child = spawn("sleep", ["1000"]);
    await once(child, "spawn");
    const identity = { ...parseProcessStat(readFileSync(`/proc/${child.pid}/stat`, "utf8")), boot_id: readBootId() };
    const namesake = { ...identity, start_time: "1" };
    const ofEarlierBoot = { ...identity, boot_id: "an earlier one" };
    expect([identity, namesake, ofEarlierBoot].map(isAlive)).toEqual([true, false, false]);

    const ended = once(child, "exit");
    killProcess(namesake);
    killProcess(ofEarlierBoot);
    expect(isAlive(identity)).toBe(true);
    killProcess(identity);
    await ended;
    expect(isAlive(identity)).toBe(false);
    killProcess(identity);
  });

  test("knows itself", () => {
    expect(isAlive(ownIdentity())).toBe(true);
  });
});
