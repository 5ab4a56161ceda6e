import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findEmbeddedPostgres } from "./find.ts";
import { layoutOf } from "./layout.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./start.ts";

let dataDir: string;
const started: EmbeddedPostgres[] = [];

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), "berth-embedded-")), "postgres");
});
afterEach(async () => {
  for (const postgres of started.splice(0)) await postgres.stop();
  await rm(join(dataDir, ".."), { recursive: true, force: true });
});

async function start(port?: number): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: "off" }, ...(port && { port }) });
  started.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("comes back at the same port with what was committed, after a stop and after a kill", async () => {
  const first = await start();
  await query(first.url, "CREATE TABLE t AS SELECT 1 AS kept");
  await first.stop();
  expect(await first.exited).toEqual({ code: 0, signal: null });

  const second = await start();
  expect(second.url).toBe(first.url);
  process.kill(second.pid, "SIGKILL");
  expect(await second.exited).toEqual({ code: null, signal: "SIGKILL" });

  const third = await start();
  expect(third.url).toBe(first.url);
  expect(await query(third.url, "SELECT * FROM t")).toEqual([{ kept: 1 }]);
});

test("ends a PostgreSQL that was left running on its data, and starts in its place", async () => {
  const orphan = await start();
  const next = await start();
  expect(await orphan.exited).toMatchObject({ code: 0 });
  expect(await query(next.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
});

test("leaves a stranger alone whose pid stands in a stale postmaster.pid", async () => {
  const first = await start();
  const pidFile = join(layoutOf(dataDir).cluster, "postmaster.pid");
  const text = await readFile(pidFile, "utf8");
  process.kill(first.pid, "SIGKILL");
  await first.exited;

  const stranger = spawn("sleep", ["1000"]);
  await once(stranger, "spawn");
  await writeFile(pidFile, text.replace(String(first.pid), String(stranger.pid)));
  expect(await findEmbeddedPostgres(dataDir)).toBeNull();
  const next = await start();
  expect(await query(next.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  expect(stranger.exitCode).toBeNull();
  expect(stranger.signalCode).toBeNull();
  stranger.kill();
});

test("is found by its data dir while it runs, and not afterwards", async () => {
  expect(await findEmbeddedPostgres(dataDir)).toBeNull();
  const postgres = await start();
  expect(await findEmbeddedPostgres(dataDir)).toBe(postgres.url);
  await postgres.stop();
  expect(await findEmbeddedPostgres(dataDir)).toBeNull();
});

test("takes another port when a stranger has taken its own meanwhile", async () => {
  const first = await start();
  await first.stop();
  const stranger = createServer().listen(first.port, "127.0.0.1");
  await once(stranger, "listening");
  const second = await start();
  expect(second.port).not.toBe(first.port);
  expect(await query(second.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  stranger.close();
});

test("refuses a port that was asked for and is taken", async () => {
  const stranger = createServer().listen(0, "127.0.0.1");
  await once(stranger, "listening");
  const { port } = stranger.address() as AddressInfo;
  await expect(start(port)).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
  stranger.close();
});

test("says in one line what PostgreSQL said when it does not start", async () => {
  const failure = startEmbeddedPostgres({ dataDir, settings: { shared_buffers: "nonsense" } });
  await expect(failure).rejects.toThrow(/^PostgreSQL did not start: invalid value for parameter "shared_buffers".*$/);
});

test("keeps its data and its password to its owner, and asks everybody for the password", async () => {
  const { url } = await start();
  const layout = layoutOf(dataDir);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await Promise.all([layout.root, layout.cluster, layout.password, layout.log].map(mode))).toEqual([
    "700",
    "700",
    "600",
    "600",
  ]);
  const wrong = new URL(url);
  wrong.password = "wrong";
  await expect(query(wrong.href, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  expect(await query(url, "SHOW unix_socket_directories")).toEqual([{ unix_socket_directories: "" }]);
});
