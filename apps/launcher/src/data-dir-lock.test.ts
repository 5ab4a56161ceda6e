import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDataDir } from "./data-dir-lock.ts";

const LOCK_MODULE = new URL("./data-dir-lock.ts", import.meta.url).href;

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "berth-lock-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

/** Another process that holds the lock until it is killed. */
async function holdElsewhere() {
  const script = `const { lockDataDir } = await import(process.argv[1]);
    await lockDataDir(process.argv[2]); console.log("locked"); setInterval(() => {}, 60_000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script, LOCK_MODULE, dataDir]);
  await once(holder.stdout, "data");
  return holder;
}

test("refuses a second start, and names the process that runs", async () => {
  const holder = await holdElsewhere();
  await expect(lockDataDir(dataDir)).rejects.toThrow(
    `Berth is already running on this data directory (pid ${holder.pid})`,
  );
  holder.kill("SIGKILL");
  await once(holder, "exit");
});

test("takes over the lock of a process that was killed", async () => {
  const holder = await holdElsewhere();
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const unlock = await lockDataDir(dataDir);
  await unlock();
  expect(await readdir(dataDir)).toEqual(["lock.2"]);
});

test("takes again what was given back, by this process or another", async () => {
  for (let round = 0; round < 3; round += 1) await (await lockDataDir(dataDir))();
  const holder = await holdElsewhere();
  await expect(lockDataDir(dataDir)).rejects.toThrow(`(pid ${holder.pid})`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
});

test("is not fooled by another process that has the killed one's pid now", async () => {
  const holder = { pid: process.pid, identity: "an earlier boot/1" };
  await writeFile(join(dataDir, "lock.1"), JSON.stringify(holder));
  await (
    await lockDataDir(dataDir)
  )();
});

test("takes over a lock whose text a power cut has lost", async () => {
  await writeFile(join(dataDir, "lock.1"), "");
  await (
    await lockDataDir(dataDir)
  )();
});

test("gives a stale lock to one of several processes that want it at once, round after round", async () => {
  const script = `const { lockDataDir } = await import(process.argv[1]);
    console.log("ready");
    for await (const dataDir of process.stdin) {
      try { await lockDataDir(String(dataDir)); console.log("locked"); } catch (error) { console.log(error.name); }
    }`;
  const rivals = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script, LOCK_MODULE], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const hear = () => Promise.all(rivals.map(async ({ stdout }) => String((await once(stdout, "data"))[0]).trim()));
  expect(new Set(await hear())).toEqual(new Set(["ready"]));
  for (let round = 0; round < 50; round += 1) {
    const contested = await mkdtemp(join(dataDir, "round-"));
    await writeFile(join(contested, "lock.1"), JSON.stringify({ pid: process.pid, identity: "an earlier boot/1" }));
    const said = hear();
    for (const { stdin } of rivals) stdin.write(contested);
    expect((await said).toSorted()).toEqual(["StartError", "StartError", "StartError", "locked"]);
  }
  for (const rival of rivals) rival.kill("SIGKILL");
});
