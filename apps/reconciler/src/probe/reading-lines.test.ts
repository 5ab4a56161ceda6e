import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ProbeReading } from "@berth/spec/telemetry.ts";
import { expect, onTestFinished, test } from "vitest";
import { ReadingLines } from "./reading-lines.ts";

/** Of this machine, where it has one. */
const BUSYBOX = "busybox";

const READING: ProbeReading = {
  seq: 3,
  time: 1_795_770_353_000,
  boot_id: "7b13d580-7243-4aa9-8184-9182e7d5d922",
  cpus: [{ type: "Prozessor für Bären", cores: 2 }],
  load: 0.5,
  busy: 0.25,
  memory: { total: 100, free: 50 },
  disk: { total: 1_000, free: 10 },
  driver: null,
  gpu_error: null,
  gpus: [],
};
const LINE = Buffer.from(`${JSON.stringify(READING)}\n`);

function linesOf() {
  const bad: string[] = [];
  return { lines: new ReadingLines((why) => bad.push(why)), bad };
}

test("reads lines however they are cut, in the middle of a character too", () => {
  for (let at = 1; at < LINE.length; at += 1) {
    const { lines, bad } = linesOf();
    const read = [...lines.push(LINE.subarray(0, at)), ...lines.push(LINE.subarray(at))];
    expect(read).toEqual([READING]);
    expect(bad).toEqual([]);
  }
  expect(linesOf().lines.push(Buffer.concat([LINE, LINE]))).toHaveLength(2);
});

test.each([
  ["no JSON", "tini: warning\n"],
  ["no object", "[]\n"],
  ["a reading without memory", `${JSON.stringify({ ...READING, memory: undefined })}\n`],
  ["a share of more than one", `${JSON.stringify({ ...READING, busy: 1.5 })}\n`],
  [
    "a container that is none",
    `${JSON.stringify({ ...READING, gpus: [{ processes: [{ container_id: "../x" }] }] })}\n`,
  ],
  ["too much", `${JSON.stringify({ ...READING, boot_id: "x".repeat(200_000) })}\n`],
])("leaves out %s, tells it, and goes on", (_what, line) => {
  const { lines, bad } = linesOf();
  expect(lines.push(Buffer.from(line))).toEqual([]);
  expect(lines.push(LINE)).toEqual([READING]);
  expect(bad).toHaveLength(1);
});

test("keeps no line that never ends", () => {
  const { lines, bad } = linesOf();
  for (let part = 0; part < 100; part += 1) expect(lines.push(Buffer.alloc(64 * 1024, "x"))).toEqual([]);
  expect(bad).toHaveLength(1);
  expect(lines.push(Buffer.concat([Buffer.from("\n"), LINE]))).toEqual([READING]);
});

const hasBusybox = (() => {
  try {
    execFileSync(BUSYBOX, ["true"]);
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasBusybox)("reads what the probe itself prints under busybox", async () => {
  const script = fileURLToPath(import.meta.resolve("@berth/docker/system-image/probe.sh"));
  const child = spawn(BUSYBOX, ["sh", script], {
    env: { PATH: process.env["PATH"], BERTH_PROBE_DISK: "/", BERTH_PROBE_INTERVAL: "1" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const { lines, bad } = linesOf();
  const read: ProbeReading[] = [];
  for await (const chunk of child.stdout) {
    read.push(...lines.push(chunk as Buffer));
    if (read.length === 2) break;
  }
  expect(bad).toEqual([]);
  expect(read).toMatchObject([
    { seq: 0, busy: null, gpu_error: null, gpus: [] },
    { seq: 1, busy: expect.any(Number) },
  ]);
  expect(Math.abs((read[0]?.time ?? 0) - Date.now())).toBeLessThan(20_000);
});
