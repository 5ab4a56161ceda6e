import { ContainerSpec } from "@berth/spec/container.ts";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import {
  insertContainer,
  insertImage,
  type InsertedContainer,
  insertMachine,
} from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeAll, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import { finishRemoval } from "./finish-removal.ts";
import { forgetHolds, type Hold, recordHold } from "./hold.ts";
import { loadContainers } from "./load.ts";
import { writeContainerStatus } from "./write-status.ts";

const database = useTestDatabase();
let fence: Fence;
let stale: Fence;
beforeAll(async () => {
  fence = await holdShard(database.sql, 3);
  stale = { ...fence, epoch: fence.epoch - 1n };
  await insertMachine(database.sql, "gpu1");
});

const holdOf = ({ container_id }: InsertedContainer, engine_id: string): Hold => ({
  engine_id,
  container_id,
  machine_id: "gpu1",
  generation: 4,
  made_from: null,
  holdMs: 60_000,
});
const heldBy = ({ container_id }: InsertedContainer) =>
  database.sql<{ engine_id: string; image_id: number; generation: number; left: number }>(
    `SELECT engine_id, image_id, generation, extract(epoch FROM held_until - now())::float8 AS left
     FROM held_containers WHERE container_id = $1`,
    [container_id],
  );

/** A container with a placement, a GPU, a port and something set aside. */
async function insertPlaced(desired: "running" | "removed"): Promise<InsertedContainer> {
  const { sql } = database;
  const container = await insertContainer(sql, { desired });
  const { container_id } = container;
  await sql("INSERT INTO placements (container_id, machine_id, gpu_uuids) VALUES ($1, 'gpu1', ARRAY[$2])", [
    container_id,
    `GPU-${container_id}`,
  ]);
  await sql("INSERT INTO gpu_allocations VALUES ('gpu1', $2, $1)", [container_id, `GPU-${container_id}`]);
  await sql("INSERT INTO port_allocations VALUES ('gpu1', 'tcp', 20000 + $1, $1)", [container_id]);
  await recordHold(sql, fence, holdOf(container, `held-${container_id}`));
  return container;
}

const insertPlacement = ({ container_id }: InsertedContainer) =>
  database.sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, 'gpu1')", [container_id]);

const TABLES = [
  "containers",
  "container_status",
  "placements",
  "gpu_allocations",
  "port_allocations",
  "held_containers",
];
const rowsOf = async ({ container_id }: InsertedContainer): Promise<number[]> =>
  Promise.all(
    TABLES.map(
      async (table) => (await database.sql(`SELECT 1 FROM ${table} WHERE container_id = $1`, [container_id])).length,
    ),
  );

test("a removal that was seen leaves nothing of the container", async () => {
  const container = await insertPlaced("removed");
  expect(await rowsOf(container)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(await finishRemoval(database.pool, fence, container.container_id)).toBe(true);
  expect(await rowsOf(container)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await database.sql("SELECT 1 FROM dirty WHERE id = $1", [container.uid])).toEqual([]);
  expect(await finishRemoval(database.pool, fence, container.container_id)).toBe(false);
});

test("nothing is removed that its owner did not ask to remove", async () => {
  const container = await insertPlaced("running");
  expect(await finishRemoval(database.pool, fence, container.container_id)).toBe(false);
  expect(await rowsOf(container)).toEqual([1, 1, 1, 1, 1, 1]);
});

test("nothing is removed by a holder whose lease is another's by now", async () => {
  const container = await insertPlaced("removed");
  expect(await finishRemoval(database.pool, stale, container.container_id)).toBe(false);
  expect(await rowsOf(container)).toEqual([1, 1, 1, 1, 1, 1]);
});

test("a hold keeps the image that the set-aside container was made from", async () => {
  const { sql } = database;
  const container = await insertContainer(sql);
  const earlier = await insertImage(sql);
  await sql("UPDATE container_status SET image_id = $2 WHERE container_id = $1", [container.container_id, earlier]);
  expect(await recordHold(sql, fence, holdOf(container, "a1"))).toBe(true);
  const [hold] = await heldBy(container);
  expect(hold).toMatchObject({ engine_id: "a1", image_id: earlier, generation: 4 });
  expect(hold!.left).toBeGreaterThan(50);
  expect(hold!.left).toBeLessThanOrEqual(60);
});

test("a hold of a container whose image was not noted keeps the one that is wanted", async () => {
  const image_id = await insertImage(database.sql);
  const container = await insertContainer(database.sql, { image_id });
  await recordHold(database.sql, fence, holdOf(container, "a2"));
  expect(await heldBy(container)).toMatchObject([{ image_id }]);
});

test("a hold notes what its container was made from, and its image rather than what was last recorded", async () => {
  const { sql } = database;
  const container = await insertContainer(sql);
  const image_id = await insertImage(sql);
  const port = { name: "web", kind: "http", protocol: "tcp", container_port: 80, host_port: 20_000 } as const;
  const spec = ContainerSpec.parse({ env: { MODE: "lab" } });
  const made_from = { image_id, incarnation: 2, spec, gpu_uuids: ["GPU-1"], ports: [port] };
  await insertPlacement(container);
  await recordHold(sql, fence, { ...holdOf(container, "a8"), made_from });
  const [row] = await loadContainers(sql, { uids: [container.uid] }, () => {});
  expect(row!.held).toMatchObject([{ engine_id: "a8", made_from }]);
});

test("a hold ends with the write that says that its container is the container again", async () => {
  const { sql } = database;
  const container = await insertContainer(sql);
  for (const engine_id of ["a9", "a10"]) await recordHold(sql, fence, holdOf(container, engine_id));
  await insertPlacement(container);
  const [row] = await loadContainers(sql, { uids: [container.uid] }, () => {});
  const { container_id, uid } = container;
  const write = { ...row!.status, container_id, uid, engine_id: "a9", unheld_id: "a9" };
  expect(await writeContainerStatus(sql, stale, write)).toBeNull();
  expect(await heldBy(container)).toHaveLength(2);
  expect(await writeContainerStatus(sql, fence, write)).toBe(1);
  expect(await heldBy(container)).toMatchObject([{ engine_id: "a10" }]);
});

test("a hold that is written again is one hold, that lasts longer", async () => {
  const container = await insertContainer(database.sql);
  await recordHold(database.sql, fence, { ...holdOf(container, "a3"), holdMs: 1_000 });
  expect(await recordHold(database.sql, fence, holdOf(container, "a3"))).toBe(true);
  const holds = await heldBy(container);
  expect(holds).toMatchObject([{ engine_id: "a3" }]);
  expect(holds[0]!.left).toBeGreaterThan(50);
});

test("a stale holder neither holds nor forgets", async () => {
  const container = await insertContainer(database.sql);
  expect(await recordHold(database.sql, stale, holdOf(container, "a4"))).toBe(false);
  expect(await heldBy(container)).toEqual([]);
  await recordHold(database.sql, fence, holdOf(container, "a4"));
  await forgetHolds(database.sql, stale, ["a4"]);
  expect(await heldBy(container)).toMatchObject([{ engine_id: "a4" }]);
});

test("only the holds that are named are forgotten", async () => {
  const container = await insertContainer(database.sql);
  for (const engine_id of ["a5", "a6"]) await recordHold(database.sql, fence, holdOf(container, engine_id));
  await forgetHolds(database.sql, fence, ["a5", "unknown"]);
  expect(await heldBy(container)).toMatchObject([{ engine_id: "a6" }]);
});
