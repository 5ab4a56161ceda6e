import { randomUUID } from "node:crypto";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { insertContainer, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { createSecretBox, type SecretBox } from "../secret-box.ts";
import type { Sql } from "../sql.ts";
import { loadMachines, type MachineRow, TLS_PURPOSE } from "./load.ts";
import { type MachineStatusWrite, markContainersUnknown, writeHeartbeats, writeMachineStatus } from "./write-status.ts";

const database = useTestDatabase();
const box = createSecretBox("a secret");
const PEM = `-----BEGIN CERTIFICATE-----\n${"A".repeat(64)}\n-----END CERTIFICATE-----\n`;
const TLS = { ca: PEM, cert: PEM, key: PEM };

const writeOf = (machine_id: string, differs: Partial<MachineStatusWrite> = {}): MachineStatusWrite => ({
  machine_id,
  version: 0,
  online: true,
  engine_version: "28.5.2",
  api_version: "1.51",
  conditions: [],
  observed_generation: 1,
  facts: { cores: 16, memory: { total: 65_536, free: null } },
  ...differs,
});
const statusOf = async (machineId: string): Promise<Record<string, unknown>> =>
  (
    await database.sql<Record<string, unknown>>(
      "SELECT online, cores, memory, engine_version, version, last_list_at FROM machine_status WHERE machine_id = $1",
      [machineId],
    )
  )[0]!;
const isDirty = async (id: string): Promise<boolean> =>
  (await database.sql("SELECT 1 FROM dirty WHERE noun = 'machine' AND id = $1", [id])).length === 1;

const unreadable: string[] = [];
const load = (
  sql: Sql,
  secrets: SecretBox,
  filter: { machine_ids: readonly string[] } | { shards: readonly number[] },
): Promise<MachineRow[]> => loadMachines(sql, secrets, filter, (machineId) => unreadable.push(machineId));

test("opens the keys of a machine, and only with the secret that sealed them", async () => {
  const { sql } = database;
  await insertMachine(sql, "sealed", { tls: box.seal(JSON.stringify(TLS), TLS_PURPOSE) });
  await insertMachine(sql, "plain");
  const [row] = await load(sql, box, { machine_ids: ["sealed"] });
  expect(row).toMatchObject({ machine_id: "sealed", tls: TLS, state: "active", status: { online: true, version: 0 } });
  const others = await load(sql, createSecretBox("another"), { machine_ids: ["sealed", "plain"] });
  expect(others.map(({ machine_id }) => machine_id)).toEqual(["plain"]);
  expect(unreadable).toEqual(["sealed"]);
  const [stored] = await sql<{ tls: Buffer }>("SELECT tls FROM machines WHERE machine_id = 'sealed'");
  expect(stored!.tls.includes("CERTIFICATE")).toBe(false);
});

test("reads the machines of shards, and none of other shards", async () => {
  const { sql } = database;
  const { shard } = await insertMachine(sql, "sharded");
  const ids = async (shards: number[]): Promise<string[]> =>
    (await load(sql, box, { shards })).map(({ machine_id }) => machine_id);
  expect(await ids([shard])).toContain("sharded");
  expect(await ids(Array.from({ length: 64 }, (_, other) => other).filter((other) => other !== shard))).not.toContain(
    "sharded",
  );
  expect(await ids([])).toEqual([]);
});

test("writes a status and its facts, keeps facts that were not read again, and cleans the dirty row", async () => {
  const { sql } = database;
  const { shard } = await insertMachine(sql, "told");
  const fence = await holdShard(sql, shard);
  expect(await isDirty("told")).toBe(true);
  expect(await writeMachineStatus(sql, fence, writeOf("told"))).toBe(1);
  expect(await isDirty("told")).toBe(false);
  expect(await writeMachineStatus(sql, fence, writeOf("told", { version: 1, online: false, facts: null }))).toBe(2);
  expect(await statusOf("told")).toMatchObject({ online: false, cores: 16, memory: { total: 65_536, free: null } });
});

test("writes nothing of a machine for a stale holder or over another's write", async () => {
  const { sql } = database;
  const { shard } = await insertMachine(sql, "fenced");
  const fence = await holdShard(sql, shard);
  const before = await statusOf("fenced");
  expect(await writeMachineStatus(sql, { ...fence, epoch: fence.epoch - 1n }, writeOf("fenced"))).toBeNull();
  expect(await writeMachineStatus(sql, { ...fence, holder: randomUUID() }, writeOf("fenced"))).toBeNull();
  expect(await writeMachineStatus(sql, fence, writeOf("fenced", { version: 1 }))).toBeNull();
  expect(await statusOf("fenced")).toEqual(before);
  expect(await isDirty("fenced")).toBe(true);
});

test("writes heartbeats of the machines that are the holder's, and of no others", async () => {
  const { sql } = database;
  const ours = await insertMachine(sql, "beat-ours");
  const theirs = await insertMachine(sql, "beat-theirs");
  if (ours.shard === theirs.shard) throw new Error("the test wants two shards");
  const { holder } = await holdShard(sql, ours.shard);
  await holdShard(sql, theirs.shard);
  const at = new Date("2026-01-01T00:00:00Z");
  const beats = ["beat-ours", "beat-theirs", "gone"].map((machine_id) => ({ machine_id, last_list_at: at }));
  await writeHeartbeats(sql, holder, beats);
  await writeHeartbeats(sql, holder, []);
  expect((await statusOf("beat-ours"))["last_list_at"]).toEqual(at);
  expect((await statusOf("beat-theirs"))["last_list_at"]).toBeNull();
  expect((await statusOf("beat-ours"))["version"]).toBe(0);
});

test("knows nothing of the containers on a machine that is away, and takes nothing from them", async () => {
  const { sql } = database;
  const { shard } = await insertMachine(sql, "away");
  const fence = await holdShard(sql, shard);
  const insert = async (desired: "running" | "removed", engineId: string | null): Promise<string> => {
    const { container_id, uid } = await insertContainer(sql, { desired });
    await sql("INSERT INTO placements (container_id, machine_id, gpu_uuids) VALUES ($1, 'away', '{GPU-1}')", [
      container_id,
    ]);
    await sql("UPDATE container_status SET engine_id = $2, phase = 'Running' WHERE container_id = $1", [
      container_id,
      engineId,
    ]);
    return uid;
  };
  const running = await insert("running", "e1");
  await insert("removed", "e2");
  await insert("running", null);
  const mark = (by = fence) => markContainersUnknown(sql, by, "away", "gpu1 does not answer.");
  expect(await mark({ ...fence, epoch: 0n })).toEqual([]);
  expect((await mark()).map(({ uid }) => uid)).toEqual([running]);
  expect(await mark()).toEqual([]);
  const [status] = await sql(
    `SELECT phase, message, version, engine_id, gpu_uuids FROM container_status JOIN containers USING (container_id)
     JOIN placements USING (container_id) WHERE uid = $1`,
    [running],
  );
  expect(status).toEqual({
    phase: "Unknown",
    message: "gpu1 does not answer.",
    version: 1,
    engine_id: "e1",
    gpu_uuids: ["GPU-1"],
  });
});
