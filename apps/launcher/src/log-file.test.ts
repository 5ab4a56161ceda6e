import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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

test("loses what a full disk does not take, and says so once", () => {
  const said: string[] = [];
  const log = new LogFile("/dev/full", undefined, (line) => said.push(line));
  for (const line of ["one\n", "two\n"]) log.write(line);
  expect(said).toEqual([expect.stringMatching(/^\/dev\/full can't be written, lines are lost: ENOSPC/)]);
  log.close();
});

test("goes on once a full file can be moved aside again, also where another has taken it away", async () => {
  const said: string[] = [];
  const path = join(folder, "server.log");
  const log = new LogFile(path, 5, (line) => said.push(line));
  await mkdir(join(`${path}.1`, "in the way"), { recursive: true });
  log.write("first");
  for (const lost of ["second", "third"]) log.write(lost);
  expect(said).toHaveLength(1);
  await rm(`${path}.1`, { recursive: true });
  log.write("fourth");
  expect(await readFile(path, "utf8")).toBe("fourth");
  expect(await readFile(`${path}.1`, "utf8")).toBe("first");
  await rm(path);
  log.write("fifth");
  expect(await readFile(path, "utf8")).toBe("fifth");
  expect(said).toHaveLength(1);
  log.close();
});
