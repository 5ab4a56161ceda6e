import { randomUUID } from "node:crypto";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { insertContainer, type InsertedContainer } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeAll, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import {
  type ContainerStatusWrite,
  endRunsBefore,
  openCreate,
  stillWants,
  writeContainerStatus,
} from "./write-status.ts";

const database = useTestDatabase();
let fence: Fence;
beforeAll(async () => {
  fence = await holdShard(database.sql, 3);
});

const writeOf = (
  { container_id, uid }: InsertedContainer,
  differs: Partial<ContainerStatusWrite> = {},
): ContainerStatusWrite => ({
  container_id,
  uid,
  version: 0,
  phase: "Running",
  running: true,
  message: "",
  engine_id: "e1",
  image_id: null,
  create_open: false,
  applied: { memory_bytes: 1_024, nano_cpus: 0, made_from: null },
  started_run: 1,
  completed_run: 0,
  abandoned_generation: 0,
  ssh_keys: null,
  restarts: 2,
  exit_code: null,
  next_retry_at: new Date(0),
  conditions: [{ type: "Ready", status: "true", reason: "Up", message: "", since: "2026-01-01T00:00:00.000Z" }],
  observed_generation: 1,
  unheld_id: null,
  ...differs,
});

const APPLIED = { memory_bytes: 2_048, nano_cpus: 0, made_from: null };
const openOf = ({ container_id }: InsertedContainer, version: number) => ({ container_id, version, applied: APPLIED });

const statusOf = async ({ container_id }: InsertedContainer): Promise<Record<string, unknown>> =>
  (
    await database.sql<Record<string, unknown>>("SELECT * FROM container_status WHERE container_id = $1", [
      container_id,
    ])
  )[0]!;
const isDirty = async ({ uid }: InsertedContainer): Promise<boolean> =>
  (await database.sql("SELECT 1 FROM dirty WHERE id = $1", [uid])).length === 1;

/** Fences of holders that may not write any more, or never could. */
const others = (): Record<string, Fence> => ({
  "a holder from before a takeover": { ...fence, epoch: fence.epoch - 1n },
  "another holder": { ...fence, holder: randomUUID() },
  "a holder of another shard": { ...fence, shard: 4 },
});

test("writes all of a status, one version on, and what was observed is dirty no more", async () => {
  const container = await insertContainer(database.sql);
  const write = writeOf(container, { message: "x".repeat(3_000) });
  expect(await writeContainerStatus(database.sql, fence, write)).toBe(1);
  const { uid: _uid, version: _version, unheld_id: _unheld_id, ...written } = write;
  expect(await statusOf(container)).toMatchObject({
    ...written,
    message: "x".repeat(2_000),
    version: 1,
    lease_epoch: fence.epoch.toString(),
  });
  expect(await isDirty(container)).toBe(false);
});

test("writes nothing where the row changed since it was read", async () => {
  const container = await insertContainer(database.sql);
  await writeContainerStatus(database.sql, fence, writeOf(container, { observed_generation: 0 }));
  const before = await statusOf(container);
  expect(await writeContainerStatus(database.sql, fence, writeOf(container, { phase: "Failed" }))).toBeNull();
  expect(await statusOf(container)).toEqual(before);
  expect(await isDirty(container)).toBe(true);
});

test("writes nothing for a holder whose lease is another's by now", async () => {
  const container = await insertContainer(database.sql);
  const before = await statusOf(container);
  for (const [who, stale] of Object.entries(others())) {
    expect(await writeContainerStatus(database.sql, stale, writeOf(container)), who).toBeNull();
    expect(await openCreate(database.sql, stale, openOf(container, 0)), who).toBeNull();
    expect(await stillWants(database.sql, stale, container.container_id, 1), who).toBe(false);
  }
  expect(await statusOf(container)).toEqual(before);
  expect(await isDirty(container)).toBe(true);
});

test("leaves the dirty row of a generation that came after the one that was observed", async () => {
  const container = await insertContainer(database.sql);
  await database.sql("UPDATE containers SET desired = 'stopped' WHERE uid = $1", [container.uid]);
  expect(await writeContainerStatus(database.sql, fence, writeOf(container, { observed_generation: 1 }))).toBe(1);
  expect(await isDirty(container)).toBe(true);
  await writeContainerStatus(database.sql, fence, writeOf(container, { version: 1, observed_generation: 2 }));
  expect(await isDirty(container)).toBe(false);
});

test("lets one of two writers through that read the same version", async () => {
  const container = await insertContainer(database.sql);
  const versions = await Promise.all(
    Array.from({ length: 8 }, () => writeContainerStatus(database.sql, fence, writeOf(container))),
  );
  expect(versions.filter((version) => version !== null)).toEqual([1]);
});

test("says once, before a create, that one may be under way", async () => {
  const container = await insertContainer(database.sql);
  await writeContainerStatus(database.sql, fence, writeOf(container));
  expect(await openCreate(database.sql, fence, openOf(container, 0))).toBeNull();
  expect(await openCreate(database.sql, fence, openOf(container, 1))).toBe(2);
  expect(await statusOf(container)).toMatchObject({ create_open: true, version: 2, engine_id: "e1", applied: APPLIED });
});

test("says before a restart that the runs before it are over, and never takes an end back", async () => {
  const container = await insertContainer(database.sql);
  const { container_id } = container;
  expect(await endRunsBefore(database.sql, fence, { container_id, version: 0, run: 3 })).toBe(1);
  expect(await statusOf(container)).toMatchObject({ completed_run: 2, version: 1 });
  expect(await endRunsBefore(database.sql, fence, { container_id, version: 0, run: 4 })).toBeNull();
  expect(await endRunsBefore(database.sql, fence, { container_id, version: 1, run: 2 })).toBe(2);
  expect(await statusOf(container)).toMatchObject({ completed_run: 2 });
  for (const [who, stale] of Object.entries(others()))
    expect(await endRunsBefore(database.sql, stale, { container_id, version: 2, run: 4 }), who).toBeNull();
});

test("knows that an owner wants something else since", async () => {
  const { container_id } = await insertContainer(database.sql);
  expect(await stillWants(database.sql, fence, container_id, 1)).toBe(true);
  await database.sql("UPDATE containers SET desired = 'stopped' WHERE container_id = $1", [container_id]);
  expect(await stillWants(database.sql, fence, container_id, 1)).toBe(false);
  expect(await stillWants(database.sql, fence, container_id, 2)).toBe(true);
});
