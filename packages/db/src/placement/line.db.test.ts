import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { ContainerSpec } from "@berth/spec/container.ts";
import {
  gpusOf,
  insertContainer,
  insertImage,
  insertMachine,
  insertUser,
  type MachineDiffers,
} from "@berth/testbed/rows/insert-rows.ts";
import { mapConcurrently } from "@berth/testbed/rows/map-concurrently.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, test } from "vitest";
import type { Fence } from "../leases/fence.ts";
import { inTransaction } from "../sql.ts";
import { advanceLine } from "./advance-line.ts";
import { type ClaimRequest, claimOrWait, claimPlacement, type Placement } from "./claim.ts";
import { giveUpPlace } from "./give-up-place.ts";
import { releaseGpus } from "./release.ts";

const database = useTestDatabase();
let fence: Fence;
/** Each test has its own machines and its own line. */
beforeEach(async () => {
  fence = await holdShard(database.sql, 3);
  await database.sql("DELETE FROM waiting_line");
  await database.sql("UPDATE machines SET state = 'cordoned', runs_containers = false");
});

const machine = (machineId: string, gpus: number, differs: MachineDiffers = {}) =>
  insertMachine(database.sql, machineId, { gpus: gpusOf(machineId, gpus), ...differs });

type Wish = Partial<Omit<ClaimRequest, "container_id">>;
const requestOf = (container_id: number, wish: Wish): ClaimRequest => ({
  container_id,
  machine_id: null,
  gpu_count: 1,
  gpu_type: null,
  gpu_uuids: null,
  cpus: null,
  ports: [],
  ...wish,
});

const ask = async (wish: Wish): Promise<{ id: number; placement: Placement | null }> => {
  const { container_id } = await insertContainer(database.sql);
  const placement = await inTransaction(database.pool, (sql) => claimOrWait(sql, requestOf(container_id, wish)));
  return { id: container_id, placement };
};
const askNow = async (wish: Wish): Promise<Placement> => {
  const { container_id } = await insertContainer(database.sql);
  return inTransaction(database.pool, (sql) => claimPlacement(sql, requestOf(container_id, wish)));
};
const holding = async (wish: Wish): Promise<number> => {
  const { id, placement } = await ask(wish);
  if (placement === null) throw new Error("it should have got its GPUs at once");
  return id;
};
const waiting = async (wish: Wish): Promise<number> => {
  const { id, placement } = await ask(wish);
  if (placement !== null) throw new Error("it should wait");
  return id;
};

async function release(containerId: number): Promise<void> {
  const [row] = await database.sql<{ generation: number }>(
    "SELECT generation FROM containers WHERE container_id = $1",
    [containerId],
  );
  await inTransaction(database.pool, (sql) => releaseGpus(sql, fence, containerId, row!.generation));
}
const advance = (): Promise<number> => inTransaction(database.pool, advanceLine);
const line = async (): Promise<number[]> =>
  (await database.sql<{ container_id: number }>("SELECT container_id FROM waiting_line ORDER BY number")).map(
    ({ container_id }) => container_id,
  );
const placeOf = async (containerId: number): Promise<string | null> =>
  (
    await database.sql<{ machine_id: string }>("SELECT machine_id FROM placements WHERE container_id = $1", [
      containerId,
    ])
  )[0]?.machine_id ?? null;
const gpusHeldBy = async (containerId: number): Promise<number> =>
  (await database.sql("SELECT 1 FROM gpu_allocations WHERE container_id = $1", [containerId])).length;
const reasonOf = async (containerId: number): Promise<string> =>
  (await database.sql<{ reason: string }>("SELECT reason FROM waiting_line WHERE container_id = $1", [containerId]))[0]!
    .reason;
const set = (machineId: string, assignment: string) =>
  database.sql(`UPDATE machines SET ${assignment} WHERE machine_id = $1`, [machineId]);
const setOnline = (machineId: string, online: boolean) =>
  database.sql("UPDATE machine_status SET online = $2 WHERE machine_id = $1", [machineId, online]);

test("serves first who came first, as GPUs come free, and asks for a run of each that had its turn", async () => {
  await machine("fifo", 2);
  const holders = [await holding({}), await holding({})];
  const waiters = [await waiting({}), await waiting({}), await waiting({})];
  expect(await line()).toEqual(waiters);
  await release(holders[0]!);
  expect(await line()).toEqual(waiters.slice(1));
  expect(await gpusHeldBy(waiters[0]!)).toBe(1);
  const [row] = await database.sql("SELECT run, generation FROM containers WHERE container_id = $1", [waiters[0]!]);
  expect(row).toEqual({ run: 2, generation: 2 });
  await release(holders[1]!);
  expect(await line()).toEqual(waiters.slice(2));
  const [told] = await database.sql<{ message: string }>(
    "SELECT message FROM object_events JOIN containers c ON c.uid::text = id WHERE container_id = $1",
    [waiters[0]!],
  );
  expect(told!.message).toBe("Its turn in the line came: 1 × GPU on fifo.");
});

test("never lets small requests starve a big one", async () => {
  await machine("big", 4);
  const holders = await Promise.all(Array.from({ length: 4 }, () => holding({})));
  const big = await waiting({ gpu_count: 4 });
  const small = await waiting({ gpu_count: 1 });
  for (const holder of holders.slice(1)) await release(holder);
  expect(await line()).toEqual([big, small]);
  expect(await reasonOf(big)).toBe("It needs 4 × GPU on big; 3 of them can be had now.");
  expect(await reasonOf(small)).toBe("It needs 1 × GPU on big; none is free now.");
  await release(holders[0]!);
  expect(await line()).toEqual([small]);
  expect(await gpusHeldBy(big)).toBe(4);
});

test("lets nobody who comes later take what one who waits could use", async () => {
  await machine("head", 4);
  await machine("other", 1, { gpus: gpusOf("other", 1, "A100") });
  const holder = await holding({ gpu_count: 2, machine_id: "head" });
  await waiting({ gpu_count: 4, gpu_type: "RTX 4090" });
  await expect(askNow({ gpu_count: 1, gpu_type: "RTX 4090" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("promised to those who wait"),
  });
  await expect(askNow({ gpu_uuids: ["GPU-head-3"], gpu_count: 1 })).rejects.toMatchObject({ code: "CONFLICT" });
  // What could not serve who waits is free for all.
  expect(await askNow({ gpu_count: 1 })).toMatchObject({ machine_id: "other" });
  await release(holder);
  expect(await line()).toEqual([]);
});

test("keeps nothing back on machines that could never serve who waits", async () => {
  await machine("small", 2);
  await machine("large", 4);
  await holding({ gpu_count: 3, machine_id: "large" });
  await waiting({ gpu_count: 4 });
  expect(await askNow({ gpu_count: 1 })).toMatchObject({ machine_id: "small" });
  await expect(askNow({ gpu_count: 1, machine_id: "large" })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("sets aside a head whose machine is cordoned or away, and lets it keep its number", async () => {
  await machine("away", 1);
  await machine("there", 1);
  const atAway = await holding({ machine_id: "away" });
  const atThere = await holding({ machine_id: "there" });
  const pinned = await waiting({ machine_id: "away" });
  const anywhere = await waiting({});
  await setOnline("away", false);
  await advance();
  expect(await reasonOf(pinned)).toBe("It needs 1 × GPU on away; none is free now.");
  await release(atThere);
  expect(await placeOf(anywhere)).toBe("there");
  await set("away", "state = 'cordoned'");
  await setOnline("away", true);
  const second = await waiting({ gpu_type: "RTX 4090" });
  await advance();
  expect(await reasonOf(pinned)).toBe("It waits for away (cordoned), and keeps nobody back meanwhile.");
  await release(atAway);
  expect(await line()).toEqual([pinned, second]);
  await set("away", "state = 'active'");
  expect(await advance()).toBe(1);
  expect(await placeOf(pinned)).toBe("away");
  expect(await line()).toEqual([second]);
});

test("lets who waits for any machine wait for one that is away, and serves it when that is back", async () => {
  await machine("only", 1, { online: false });
  const waiter = await waiting({});
  expect(await advance()).toBe(0);
  expect(await reasonOf(waiter)).toBe("It waits for only (offline), and keeps nobody back meanwhile.");
  await setOnline("only", true);
  expect(await advance()).toBe(1);
  expect(await placeOf(waiter)).toBe("only");
});

test("refuses what no machine has, and does not let named GPUs be waited for", async () => {
  await machine("few", 2);
  await expect(ask({ gpu_count: 3 })).rejects.toMatchObject({ code: "UNPROCESSABLE" });
  await expect(ask({ gpu_type: "H200" })).rejects.toMatchObject({ code: "UNPROCESSABLE" });
  await holding({ gpu_uuids: ["GPU-few-0"] });
  await expect(ask({ gpu_uuids: ["GPU-few-0"] })).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await line()).toEqual([]);
});

test("counts a GPU that others use as taken, and gives it when they have gone", async () => {
  await machine("foreign", 1);
  await database.sql("UPDATE machine_status SET foreign_gpus = '{GPU-foreign-0}' WHERE machine_id = 'foreign'");
  await expect(askNow({})).rejects.toMatchObject({ code: "CONFLICT" });
  const waiter = await waiting({});
  expect(await advance()).toBe(0);
  await database.sql("UPDATE machine_status SET foreign_gpus = '{}' WHERE machine_id = 'foreign'");
  expect(await advance()).toBe(1);
  expect(await gpusHeldBy(waiter)).toBe(1);
});

test("gives a shared GPU to as many as its admin says, and a whole one first", async () => {
  await machine("shared", 2);
  await set("shared", `shared_gpus = '{"GPU-shared-0": 3}'`);
  const uuids = [];
  for (let i = 0; i < 4; i += 1) uuids.push(...(await askNow({})).gpu_uuids);
  expect(uuids).toEqual(["GPU-shared-1", "GPU-shared-0", "GPU-shared-0", "GPU-shared-0"]);
  await expect(askNow({})).rejects.toMatchObject({ code: "CONFLICT" });
  await set("shared", "shared_gpus = '{}'");
  await expect(askNow({ gpu_uuids: ["GPU-shared-0"] })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("moves on where one that kept others back gives up its place", async () => {
  await machine("given-up", 2);
  await holding({});
  const big = await waiting({ gpu_count: 2 });
  const small = await waiting({});
  await inTransaction(database.pool, (sql) => giveUpPlace(sql, big));
  expect(await line()).toEqual([]);
  expect(await gpusHeldBy(small)).toBe(1);
});

test("leaves one alone that its owner changes at this moment, and serves it afterwards", async () => {
  await machine("locked", 1);
  const holder = await holding({});
  const waiter = await waiting({});
  await inTransaction(database.pool, async (sql) => {
    await sql("SELECT 1 FROM containers WHERE container_id = $1 FOR UPDATE", [waiter]);
    await release(holder);
    expect(await line()).toEqual([waiter]);
  });
  expect(await advance()).toBe(1);
});

test("holds 8 of 1,000 that race for GPUs, and has the others in line", async () => {
  await machine("race-line", 8);
  const containers = await mapConcurrently(Array.from({ length: 1_000 }), () => insertContainer(database.sql));
  const outcomes = await mapConcurrently(containers, ({ container_id }) =>
    inTransaction(database.pool, (sql) => claimOrWait(sql, requestOf(container_id, { gpu_type: "RTX 4090" }))),
  );
  const held = outcomes.flatMap((placement) => placement?.gpu_uuids ?? []);
  expect(held.toSorted()).toEqual(gpusOf("race-line", 8).map(({ uuid }) => uuid));
  const inLine = await line();
  expect(inLine).toHaveLength(992);
  const holders = containers.filter((_, at) => outcomes[at] !== null).map(({ container_id }) => container_id);
  for (const holder of holders) await release(holder);
  expect(await line()).toEqual(inLine.slice(8));
});

/** On one machine with as many GPUs, each of which one container holds and another one waits for: it was made with that one. */
async function waitForOwn(machineId: string, count: number): Promise<void> {
  await machine(machineId, count);
  const { user_id } = await insertUser(database.sql);
  const image_id = await insertImage(database.sql);
  await database.sql(
    `WITH made AS (
       INSERT INTO containers (name, user_id, image_id, spec, desired)
       SELECT 'own-' || n, $2, $3, $4::jsonb, 'running' FROM generate_series(0, 2 * $5::int - 1) n
       RETURNING container_id, split_part(name, '-', 2)::int AS n
     ), own AS (
       SELECT container_id, n, 'GPU-' || $1 || '-' || n % $5 AS uuid FROM made
     ), placed AS (
       INSERT INTO placements (container_id, machine_id, gpu_uuids) SELECT container_id, $1, ARRAY[uuid] FROM own
     ), held AS (
       INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id) SELECT $1, uuid, container_id FROM own WHERE n < $5
     )
     INSERT INTO waiting_line (container_id, machine_id, gpu_count, gpu_uuids)
     SELECT container_id, $1, 1, ARRAY[uuid] FROM own WHERE n >= $5 ORDER BY n`,
    [machineId, user_id, image_id, JSON.stringify(ContainerSpec.parse({ gpu_count: 1 })), count],
  );
}

test("works for those that it serves, not for each that waits, though each waits for something else", async () => {
  await waitForOwn("many-heads", 300);
  expect(await advance()).toBe(0);
  expect(await line()).toHaveLength(300);
  await database.sql("DELETE FROM gpu_allocations WHERE gpu_uuid IN ('GPU-many-heads-298', 'GPU-many-heads-299')");
  let statements = 0;
  const served = await inTransaction(database.pool, (sql) =>
    advanceLine((text, parameters) => {
      statements += 1;
      return sql(text, parameters);
    }),
  );
  expect(served).toBe(2);
  expect(statements).toBeLessThan(50);
});

test("serves two of one group before one of another that came later", async () => {
  await machine("groups", 2);
  const holder = await holding({ gpu_count: 2 });
  const [first, second] = [await waiting({}), await waiting({})];
  const other = await waiting({ gpu_type: "RTX 4090" });
  await release(holder);
  expect(await line()).toEqual([other]);
  expect([await gpusHeldBy(first), await gpusHeldBy(second)]).toEqual([1, 1]);
  expect(await reasonOf(other)).toBe("It needs 1 × RTX 4090 on groups; none is free now.");
});
