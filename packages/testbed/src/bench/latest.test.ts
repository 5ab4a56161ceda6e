import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeMachine, keepSection, readLatest } from "./latest.ts";

async function file(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-latest-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "bench", "latest.json");
}

const kept = (measured_at: string, figures: unknown) => ({ measured_at, machine: describeMachine([0, 0]), figures });

test("a section's figures replace its last ones, and leave the others' with the date that they had", async () => {
  const path = await file();
  keepSection(path, "doors", kept("2026-11-01T00:00:00.000Z", [1]));
  keepSection(path, "fleet", kept("2026-11-02T00:00:00.000Z", { cpu: 2 }));
  keepSection(path, "fleet", kept("2026-11-03T00:00:00.000Z", { cpu: 3 }));
  expect(readLatest(path)).toEqual({
    doors: kept("2026-11-01T00:00:00.000Z", [1]),
    fleet: kept("2026-11-03T00:00:00.000Z", { cpu: 3 }),
  });
});

test("there is nothing to compare with before the first run, or in a file of another form", async () => {
  const path = await file();
  expect(readLatest(path)).toEqual({});
  keepSection(path, "doors", kept("2026-11-01T00:00:00.000Z", []));
  await writeFile(path, JSON.stringify({ machine: {}, doors: [] }));
  expect(readLatest(path)).toEqual({});
});
