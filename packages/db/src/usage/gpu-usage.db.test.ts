import { ContainerSpec } from "@berth/spec/container.ts";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { gpusOf, insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import { type ClaimRequest, claimPlacement } from "../placement/claim.ts";
import { claimMove } from "../placement/claim-move.ts";
import { releaseGpus, releasePlacement } from "../placement/release.ts";
import { settleMoves } from "../placement/settle-moves.ts";
import { inTransaction } from "../sql.ts";
import { pruneGpuUsage, readGpuHours, type UsageRange } from "./gpu-usage.ts";

const database = useTestDatabase();
let fence: Fence;
let userId: number;
beforeAll(async () => {
  fence = await holdShard(database.sql, 3);
  await insertMachine(database.sql, "gpu1", { gpus: gpusOf("gpu1", 8) });
  await insertMachine(database.sql, "gpu2", { gpus: gpusOf("gpu2", 8) });
  await database.sql(`UPDATE machines SET shared_gpus = '{"GPU-gpu2-7": 3}' WHERE machine_id = 'gpu2'`);
});
beforeEach(async () => {
  ({ user_id: userId } = await insertUser(database.sql));
});

const request = (container_id: number, wish: Partial<ClaimRequest> = {}): ClaimRequest => ({
  container_id,
  machine_id: "gpu1",
  gpu_count: 2,
  gpu_type: null,
  gpu_uuids: null,
  cpus: null,
  ports: [],
  ...wish,
});

/** A container of the user that got its GPUs so many hours ago. */
async function holding(hours: number, wish: Partial<ClaimRequest> = {}): Promise<number> {
  const { container_id } = await insertContainer(database.sql, { user_id: userId });
  await inTransaction(database.pool, (sql) => claimPlacement(sql, request(container_id, wish)));
  await since(container_id, hours);
  return container_id;
}
const since = (containerId: number, hours: number, machineId = "%") =>
  database.sql(
    "UPDATE gpu_allocations SET since = now() - make_interval(mins => $2) WHERE container_id = $1 AND machine_id LIKE $3",
    [containerId, hours * 60, machineId],
  );
const stop = (containerId: number) => inTransaction(database.pool, (sql) => releaseGpus(sql, fence, containerId, 1));
const remove = (containerId: number) => inTransaction(database.pool, (sql) => releasePlacement(sql, containerId));

/** In all, from a week ago until tomorrow. */
async function hoursHeld(): Promise<number> {
  const day = (inDays: number): string => new Date(Date.now() + inDays * 86_400_000).toISOString().slice(0, 10);
  const [user] = await read({ from: day(-7), to: day(1) });
  return user?.total ?? 0;
}
const read = (range: Partial<UsageRange>) =>
  readGpuHours(database.sql, {
    from: "2026-03-01",
    to: "2026-03-31",
    by: "day",
    time_zone: "UTC",
    user_id: userId,
    ...range,
  });

/** A holding of long ago, as the trigger would have left it. */
const past = (began: string, ended: string, { shares = 1, user = userId } = {}) =>
  database.sql(
    `INSERT INTO gpu_usage (user_id, container_id, machine_id, gpu_uuid, shares, began_at, ended_at)
     VALUES ($1, 1, 'gone', 'GPU-gone-0', $2, $3, $4)`,
    [user, shares, began, ended],
  );

test("counts what is held until now, what a stop gave back until then, and a later start anew", async () => {
  const container = await holding(3);
  expect(await hoursHeld()).toBeCloseTo(6, 2);
  await stop(container);
  expect(await hoursHeld()).toBeCloseTo(6, 2);
  await inTransaction(database.pool, (sql) => claimPlacement(sql, request(container)));
  await since(container, 1);
  expect(await hoursHeld()).toBeCloseTo(8, 2);
  await remove(container);
});

test("keeps what was held when the container is deleted, and its user", async () => {
  const container = await holding(5);
  await remove(container);
  await database.sql("DELETE FROM container_status WHERE container_id = $1", [container]);
  await database.sql("DELETE FROM containers WHERE container_id = $1", [container]);
  await database.sql("UPDATE users SET deleted_at = now() WHERE user_id = $1", [userId]);
  expect(await hoursHeld()).toBeCloseTo(10, 2);
  const [row] = await database.sql("SELECT * FROM gpu_usage WHERE container_id = $1", [container]);
  expect(row).toMatchObject({ user_id: userId, machine_id: "gpu1", gpu_type: "RTX 4090", shares: 1 });
  const today = new Date().toISOString().slice(0, 10);
  expect((await read({ from: today, to: today }))[0]).toMatchObject({ deleted: true });
});

test("counts both places of a move while both are held, and one after it", async () => {
  const container = await holding(4);
  await inTransaction(database.pool, async (sql) => {
    const spec = ContainerSpec.parse({ gpu_count: 2 });
    const wish = { image_id: await insertImage(sql), runs: true, spec };
    await claimMove(sql, { ...request(container, { machine_id: "gpu2" }), ...wish });
  });
  await since(container, 1, "gpu2");
  expect(await hoursHeld()).toBeCloseTo(2 * 4 + 2 * 1, 2);
  await database.sql(
    `UPDATE container_status s SET running = false, observed_generation = generation FROM containers c
     WHERE c.container_id = s.container_id AND c.container_id = $1`,
    [container],
  );
  await inTransaction(database.pool, settleMoves);
  const left = await database.sql("SELECT machine_id FROM gpu_usage WHERE container_id = $1", [container]);
  expect(left).toEqual([{ machine_id: "gpu1" }, { machine_id: "gpu1" }]);
  expect(await hoursHeld()).toBeCloseTo(2 * 4 + 2 * 1, 2);
  await remove(container);
});

test("counts a third of a GPU that three may share, however many do, and whatever an admin shares later", async () => {
  const shared = { machine_id: "gpu2", gpu_count: 1, gpu_uuids: ["GPU-gpu2-7"] };
  const containers = [await holding(6, shared), await holding(6, shared)];
  expect(await hoursHeld()).toBeCloseTo(4, 2);
  await database.sql("UPDATE machines SET shared_gpus = '{}' WHERE machine_id = 'gpu2'");
  for (const container of containers) await remove(container);
  expect(await hoursHeld()).toBeCloseTo(4, 2);
});

test("cuts what was held at the ends of the range and of each bucket", async () => {
  await past("2026-02-27T12:00Z", "2026-03-02T06:00Z");
  await past("2026-03-02T05:00Z", "2026-03-02T06:30Z", { shares: 2 });
  expect(await read({})).toMatchObject([{ hours: { "2026-03-01": 24, "2026-03-02": 6.75 }, total: 30.75 }]);
  expect(await read({ from: "2026-02-01", by: "month" })).toMatchObject([
    { hours: { "2026-02-01": 36, "2026-03-01": 30.75 } },
  ]);
  // 2026-02-23 and 2026-03-02 are Mondays.
  expect(await read({ from: "2026-02-26", to: "2026-03-03", by: "week" })).toMatchObject([
    { hours: { "2026-02-23": 60, "2026-03-02": 6.75 } },
  ]);
  expect(await read({ from: "2026-03-03" })).toEqual([]);
});

test("counts the days of the time zone, also one that has 23 hours", async () => {
  await past("2026-03-27T23:00Z", "2026-03-30T22:00Z");
  const berlin = await read({ time_zone: "Europe/Berlin" });
  expect(berlin[0]?.hours).toEqual({ "2026-03-28": 24, "2026-03-29": 23, "2026-03-30": 24 });
  const shanghai = await read({ time_zone: "Asia/Shanghai" });
  expect(shanghai[0]?.hours).toEqual({ "2026-03-28": 17, "2026-03-29": 24, "2026-03-30": 24, "2026-03-31": 6 });
});

test("tells those who held most first", async () => {
  const other = await insertUser(database.sql);
  await past("2025-05-01T00:00Z", "2025-05-01T01:00Z");
  await past("2025-05-01T00:00Z", "2025-05-01T02:00Z", { user: other.user_id });
  const users = await read({ from: "2025-05-01", to: "2025-05-02", user_id: null });
  expect(users.map(({ account, total, users: all }) => [account, total, all])).toEqual([
    [other.account, 2, 2],
    [expect.any(String), 1, 2],
  ]);
});

test("is kept for 400 days", async () => {
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  for (const days of [399, 401]) await past(daysAgo(days + 1), daysAgo(days));
  expect(await pruneGpuUsage(database.sql)).toBeGreaterThan(0);
  const kept = await database.sql(
    "SELECT now() - ended_at < interval '400 days' AS young FROM gpu_usage WHERE user_id = $1",
    [userId],
  );
  expect(kept).toEqual([{ young: true }]);
});
