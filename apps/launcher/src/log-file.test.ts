import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-log-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("goes on where the last run ended, and moves a full file aside", async () => {
  const path = join(folder, "server.log");
  await writeFile(path, "from before\n");
  const log = new LogFile(path, 20);
  log.write("fits\n");
  expect(await readFile(path, "utf8")).toBe("from before\nfits\n");
  log.write("does not fit\n");
  expect(await readFile(path, "utf8")).toBe("does not fit\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("from before\nfits\n");
  log.close();
});

test("is readable to its owner only", async () => {
  const path = join(folder, "server.log");
  new LogFile(path).close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
