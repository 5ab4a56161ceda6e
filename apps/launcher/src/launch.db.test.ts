import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { findEmbeddedPostgres } from "@berth/db/embedded/find.ts";
import { embeddedFolder, layoutOf } from "@berth/db/embedded/layout.ts";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import { readPostmaster } from "@berth/db/embedded/postmaster.ts";
import { endOrphan } from "@berth/db/embedded/stop.ts";
import { readRegistry } from "@berth/db/registry/record.ts";
import { pgSql } from "@berth/db/sql.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import { REGISTRY_BINARY } from "@berth/testbed/registry/own-registry.ts";
import { createAuthority, issueServerCertificate } from "@berth/testbed/fleet/certificates.ts";
import { serveRegistry } from "@berth/testbed/simulated/images/registry-server.ts";
import { SimulatedRegistry } from "@berth/testbed/simulated/images/simulated-registry.ts";
import pg from "pg";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { identifyProcess } from "./process-identity.ts";

const SCRIPT = fileURLToPath(new URL("./launch.fixture.ts", import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 20 };
// Each test starts all of Berth, some of them twice.

let dataDir: string;
let port: number;
let registryPort: number;
let running: Run[];

interface Run {
  process: ChildProcess;
  /** All that it has written until now. */
  output: () => string;
  exit: Promise<number | null>;
}

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), "berth-launch-")), "data");
  port = await pickPort();
  registryPort = await pickPort();
  running = [];
});
afterEach(async () => {
  for (const run of running) run.process.kill("SIGKILL");
  await Promise.all(running.map((run) => run.exit));
  await endOrphan(layoutOf(embeddedFolder(dataDir)).cluster);
  await rm(join(dataDir, ".."), { recursive: true });
});

function start(variables: Record<string, string> = {}, user: { uid?: number; gid?: number } = {}): Run {
  const env = { PATH: process.env["PATH"], BERTH_DATA_DIR: dataDir, BERTH_PORT: String(port), BERTH_SSH_PORT: "off" };
  const registry = { BERTH_REGISTRY_LISTEN: `127.0.0.1:${registryPort}` };
  const quiet = { BERTH_LOCAL_ENGINE: "off", BERTH_SIMULATE: "0" };
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...env, ...registry, ...quiet, ...variables },
    cwd: "/",
    ...user,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const run = { process: child, output: () => output, exit: once(child, "close").then(([code]) => code as number) };
  running.push(run);
  return run;
}

async function startAndWait(variables?: Record<string, string>): Promise<Run> {
  const run = start(variables);
  await vi.waitFor(() => expect(run.output()).toContain("Berth is ready"), PATIENCE);
  return run;
}

/** What a start has said, but for what it says where this host has no registry. */
const said = (run: Run): string => run.output().replace(/^registry: There is no registry on this host.*\n/m, "");

/** Whoever keeps the registry writes its record when it can: Berth may be ready before. */
const untilRecorded = (record: Partial<RegistryRecord>): Promise<RegistryRecord> =>
  vi.waitFor(async () => {
    const seen = await readRecord();
    expect(seen).toMatchObject(record);
    return seen!;
  }, PATIENCE);

async function readRecord(): Promise<RegistryRecord | null> {
  const client = new pg.Client({ connectionString: (await findEmbeddedPostgres(embeddedFolder(dataDir))) ?? "" });
  await client.connect();
  const record = await readRegistry(pgSql(client));
  await client.end();
  return record;
}

/** The status with which something answers on the registry's port; null where nothing does. */
const askRegistry = (): Promise<number | null> =>
  fetch(`http://127.0.0.1:${registryPort}/v2/`).then(
    (response) => response.status,
    () => null,
  );

/** Pids of the server and the reconciler of all starts until now, as they logged them. */
async function childPids(): Promise<number[]> {
  const logs = await Promise.all(
    ["server", "reconciler"].map((name) => readFile(join(dataDir, "logs", `${name}.log`), "utf8")),
  );
  return logs.flatMap((log) => [...log.matchAll(/"pid":(\d+)/g)].map((match) => Number(match[1])));
}

/** Pids of the server and the reconciler of the first start, once both have logged them. */
const bothPids = (): Promise<number[]> =>
  vi.waitFor(async () => {
    const pids = await childPids();
    expect(pids).toHaveLength(2);
    return pids;
  }, PATIENCE);

async function accounts(): Promise<string[]> {
  const url = await findEmbeddedPostgres(embeddedFolder(dataDir));
  const client = new pg.Client({ connectionString: url ?? "" });
  await client.connect();
  const { rows } = await client.query<{ account: string }>("SELECT account FROM users");
  await client.end();
  return rows.map((row) => row.account);
}

function killPostgres(): void {
  const postmaster = readPostmaster(layoutOf(embeddedFolder(dataDir)).cluster);
  process.kill(postmaster?.pid ?? NaN, "SIGKILL");
}

test("starts everything, tells the first admin's password once, and stops everything on Ctrl-C", async () => {
  const first = await startAndWait();
  expect(first.output()).toMatch(/^The first admin is berth-admin, with the password \S{20} /m);
  expect(first.output()).toMatch(new RegExp(`^Berth is ready: http://127.0.0.1:${port}$`, "m"));
  expect(await accounts()).toEqual(["berth-admin"]);
  first.process.kill("SIGINT");
  expect(await first.exit).toBe(0);
  expect((await childPids()).filter((pid) => identifyProcess(pid) !== null)).toEqual([]);
  expect(await findEmbeddedPostgres(embeddedFolder(dataDir))).toBeNull();

  const second = await startAndWait();
  expect(said(second)).toBe(`Berth is ready: http://127.0.0.1:${port}\n`);
  expect(await accounts()).toEqual(["berth-admin"]);
});

test("with a certificate it is ready at an https address, and without its key it does not start", async () => {
  const folder = join(dataDir, "..", "tls");
  await createAuthority(folder);
  const { cert, key } = await issueServerCertificate(folder, folder, "berth.lab", "192.0.2.1");
  const run = await startAndWait({ BERTH_TLS_CERT: cert, BERTH_TLS_KEY: key });
  expect(run.output()).toMatch(new RegExp(`^Berth is ready: https://127.0.0.1:${port}$`, "m"));
  run.process.kill("SIGINT");
  expect(await run.exit).toBe(0);

  const strange = start({ BERTH_TLS_CERT: cert, BERTH_TLS_KEY: join(folder, "ca-key.pem") });
  expect(await strange.exit).toBe(1);
  expect(strange.output()).toMatch(/^berth: the server can't use .*: give it a certificate and its own key/);
});

test("refuses a second start on the same data dir, and names the one that runs", async () => {
  const first = await startAndWait();
  const second = start();
  expect(await second.exit).toBe(1);
  expect(second.output()).toBe(`berth: Berth is already running on this data directory (pid ${first.process.pid})\n`);
});

test("leaves no server and no reconciler behind when it is killed, and the next start works", async () => {
  const first = await startAndWait();
  const pids = await bothPids();
  first.process.kill("SIGKILL");
  await first.exit;
  await vi.waitFor(() => expect(pids.filter((pid) => identifyProcess(pid) !== null)).toEqual([]), PATIENCE);

  await startAndWait();
  expect(await accounts()).toEqual(["berth-admin"]);
});

test.skipIf(REGISTRY_BINARY === null)("starts the registry, and stops it on Ctrl-C", async () => {
  const run = await startAndWait();
  await untilRecorded({ kind: "process", state: "running", address: `127.0.0.1:${registryPort}` });
  expect(await askRegistry()).toBe(401);
  run.process.kill("SIGINT");
  expect(await run.exit).toBe(0);
  expect(await askRegistry()).toBeNull();
});

test.skipIf(REGISTRY_BINARY === null)("leaves no registry behind when it is killed, or ends at once", async () => {
  const killed = await startAndWait();
  killed.process.kill("SIGKILL");
  await vi.waitFor(async () => expect(await askRegistry()).toBeNull(), PATIENCE);
  const hurried = await startAndWait();
  await vi.waitFor(async () => expect(await askRegistry()).toBe(401), PATIENCE);
  hurried.process.kill("SIGINT");
  hurried.process.kill("SIGTERM");
  expect(await hurried.exit).toBe(1);
  await vi.waitFor(async () => expect(await askRegistry()).toBeNull(), PATIENCE);
});

test.skipIf(REGISTRY_BINARY === null)("says that the registry's port is taken, and starts nothing", async () => {
  const stranger = createServer().listen(registryPort, "127.0.0.1");
  await once(stranger, "listening");
  onTestFinished(() => void stranger.close());
  const run = start();
  expect(await run.exit).toBe(1);
  expect(run.output()).toContain(
    `berth: the registry's port ${registryPort} on 127.0.0.1 is in use: stop what listens there, or set BERTH_REGISTRY_LISTEN\n`,
  );
});

test("needs no registry of its own where all machines are simulated: they have one", async () => {
  await startAndWait({ BERTH_SIMULATE: "1" });
  const { address, url } = await untilRecorded({ kind: "simulated", state: "running" });
  expect(url).toBe(`http://${address}`);
  expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
  expect(await askRegistry()).toBeNull();
});

test("takes an existing registry that is named, and says where it does not answer", async () => {
  const existing = await serveRegistry(new SimulatedRegistry());
  onTestFinished(existing.close);
  const run = await startAndWait({ BERTH_REGISTRY: existing.address });
  await untilRecorded({ kind: "external", state: "running", url: `http://${existing.address}` });
  run.process.kill("SIGINT");
  await run.exit;
  await existing.close();
  const second = await startAndWait({ BERTH_REGISTRY: existing.address });
  await untilRecorded({ kind: "external", state: "missing" });
  const news = `registry: The registry at ${existing.address} (BERTH_REGISTRY) can't be used`;
  await vi.waitFor(() => expect(second.output()).toContain(news), PATIENCE);
});

test("starts PostgreSQL again, at the same address, when it is killed", async () => {
  const run = await startAndWait();
  const url = await findEmbeddedPostgres(embeddedFolder(dataDir));
  killPostgres();
  await vi.waitFor(async () => expect(await accounts()).toEqual(["berth-admin"]), PATIENCE);
  expect(await findEmbeddedPostgres(embeddedFolder(dataDir))).toBe(url);
  expect(run.output()).toContain("PostgreSQL ended by itself: starting it again");
});

test("stops a PostgreSQL that is just being started again", async () => {
  const run = await startAndWait();
  killPostgres();
  await vi.waitFor(() => expect(run.output()).toContain("PostgreSQL ended by itself"), PATIENCE);
  run.process.kill("SIGINT");
  expect(await run.exit).toBe(0);
  expect(await findEmbeddedPostgres(embeddedFolder(dataDir))).toBeNull();
});

test("ends at once on a second Ctrl-C", async () => {
  const run = await startAndWait();
  const pids = await bothPids();
  run.process.kill("SIGINT");
  run.process.kill("SIGTERM");
  expect(await run.exit).toBe(1);
  await vi.waitFor(() => expect(pids.filter((pid) => identifyProcess(pid) !== null)).toEqual([]), PATIENCE);
  await vi.waitFor(async () => expect(await findEmbeddedPostgres(embeddedFolder(dataDir))).toBeNull(), PATIENCE);
});

test("says what is wrong in a line each, and starts nothing", async () => {
  const faulty = start({ BERTH_PORT: "http", BERTH_SIMULATE: "-1" });
  expect(await faulty.exit).toBe(1);
  expect(faulty.output()).toBe(
    "berth: BERTH_PORT must be a whole number from 1 to 65535\nberth: BERTH_SIMULATE must be a whole number from 0 to 1000\n",
  );
  const unreachable = start({ DATABASE_URL: "postgresql://berth:hunter2@127.0.0.1:1/berth" });
  expect(await unreachable.exit).toBe(1);
  expect(unreachable.output()).toBe("berth: DATABASE_URL: no PostgreSQL listens on 127.0.0.1:1\n");
});

test.runIf(process.getuid?.() === 0)("says that an ordinary user can't write the data dir", async () => {
  await chmod(join(dataDir, ".."), 0o755);
  const run = start({}, { uid: 65_534, gid: 65_534 });
  expect(await run.exit).toBe(1);
  expect(run.output()).toBe(
    `berth: the data directory ${dataDir} can't be written (permission denied): mend that, or set BERTH_DATA_DIR to another\n`,
  );
});
