import { finishRemoval, finishUnplacedRemovals } from "@berth/db/containers/finish-removal.ts";
import type { Fence } from "@berth/db/leases/fence.ts";
import { advanceLine } from "@berth/db/placement/advance-line.ts";
import { releaseGpus, releaseSurplus } from "@berth/db/placement/release.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import { inTransaction, pgSql, type Sql } from "@berth/db/sql.ts";
import { createChance, type Chance } from "@berth/testbed/fuzz/chance.ts";
import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { insertImage } from "@berth/testbed/rows/insert-rows.ts";
import { TRPCError } from "@trpc/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Caller, gpusOf, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

/** Another seed plays another life of the lab, and more steps a longer one: BERTH_TEST_SEED, BERTH_TEST_STEPS. */
const SEED = Number(process.env["BERTH_TEST_SEED"] ?? 20_261_127);
const STEPS = Number(process.env["BERTH_TEST_STEPS"] ?? 5_000);
const CONTAINERS_AT_MOST = 40;
const TYPES = ["A100", "RTX 4090"];

let api: InProcessApi;
let owner: Caller;
let pool: Pool;
let sql: Sql;
let fence: Fence;
beforeEach(async () => {
  api = await openInProcessApi();
  pool = createPool(api.database_url, { max: 2, applicationName: "model", onError: () => undefined });
  sql = pgSql(pool);
  fence = await holdShard(sql, 3);
  await insertImage(sql, { name: "public/base:1" });
  owner = (await api.addUser("li")).api;
  await api.addMachine("m1", gpusOf("m1", 4, "A100"));
  await api.addMachine("m2", [
    ...gpusOf("m2", 2, "A100"),
    ...gpusOf("m2b", 2).map((gpu) => ({ ...gpu, index: gpu.index + 2 })),
  ]);
  await api.addMachine("m3", gpusOf("m3", 3));
});
afterEach(async () => {
  await pool.end();
  await api.close();
});

interface Machine {
  machine_id: string;
  state: string;
  online: boolean;
  foreign_gpus: string[];
  gpus: { uuid: string; type: string }[];
}
interface Container {
  container_id: number;
  uid: string;
  generation: number;
  desired: "running" | "stopped" | "removed";
  placed: string | null;
  remembered: string[];
  holds: string[];
  number: string | null;
  pin: string | null;
  count: number;
  type: string | null;
  uuids: string[];
}
interface Lab {
  machines: Machine[];
  containers: Container[];
}

async function look(): Promise<Lab> {
  const machines = await sql<Machine>(
    "SELECT m.machine_id, m.state, s.online, s.foreign_gpus, s.gpus FROM machines m JOIN machine_status s USING (machine_id)",
  );
  const containers = await sql<Container>(
    `SELECT c.container_id, c.uid, c.generation, c.desired, p.machine_id AS placed, COALESCE(p.gpu_uuids, '{}') AS remembered,
            ARRAY(SELECT gpu_uuid FROM gpu_allocations a WHERE a.container_id = c.container_id) AS holds, w.number,
            COALESCE(p.machine_id, w.machine_id) AS pin, COALESCE(w.gpu_count, 0) AS count, w.gpu_type AS type,
            COALESCE(w.gpu_uuids, '{}') AS uuids
     FROM containers c LEFT JOIN placements p USING (container_id) LEFT JOIN waiting_line w USING (container_id)
     ORDER BY c.container_id`,
  );
  return { machines, containers };
}

/** What one who waits could run on if nobody held anything, by the rules as people are told them. */
function usable({ machines }: Lab, waiter: Container): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const machine of machines) {
    if (waiter.pin !== null && waiter.pin !== machine.machine_id) continue;
    if (waiter.placed === null && machine.state !== "active") continue;
    if (waiter.pin === null && !machine.online) continue;
    const uuids = machine.gpus
      .filter((gpu) => (waiter.uuids.length > 0 ? waiter.uuids.includes(gpu.uuid) : true))
      .filter((gpu) => waiter.type === null || waiter.type === gpu.type)
      .map((gpu) => gpu.uuid);
    if (uuids.length >= waiter.count) found.set(machine.machine_id, uuids);
  }
  return found;
}

const lineOf = (lab: Lab): Container[] =>
  lab.containers.filter(({ number }) => number !== null).sort((a, b) => Number(a.number) - Number(b.number));

function must(holds: boolean, otherwise: () => string): void {
  if (!holds) throw new Error(otherwise());
}

/** What must hold after every step, whatever it was. */
function check(before: Lab, after: Lab): void {
  const holders = new Map<string, number>();
  for (const { container_id, holds } of after.containers) {
    for (const uuid of holds) {
      must(!holders.has(uuid), () => `${uuid} is held by ${container_id} and ${holders.get(uuid)}`);
      holders.set(uuid, container_id);
    }
  }
  const foreign = new Set(after.machines.flatMap(({ foreign_gpus }) => foreign_gpus));
  const had = new Map(before.containers.map((container) => [container.container_id, container]));
  const line = lineOf(after).map((waiter) => ({ ...waiter, usable: usable(after, waiter) }));
  for (const { container_id, holds, number: waits } of after.containers) {
    const earlier = had.get(container_id);
    const given = new Set(holds.filter((uuid) => !earlier?.holds.includes(uuid)));
    if (given.size === 0) continue;
    must(waits === null, () => `${container_id} waits, and was given ${[...given].join()}`);
    for (const uuid of given)
      must(!foreign.has(uuid), () => `${uuid} is used by others, and was given to ${container_id}`);
    // What somebody was given, nobody who came before and still waits could have used.
    const number = Number(earlier?.number ?? Number.POSITIVE_INFINITY);
    for (const waiter of line.filter((one) => Number(one.number) < number)) {
      const isOvertaken = [...waiter.usable.values()].flat().some((uuid) => given.has(uuid));
      must(!isOvertaken, () => `${container_id} has overtaken ${waiter.container_id}`);
    }
  }
  // Nobody waits who could run: of what is free, without what those before it could use.
  const kept = new Set<string>();
  for (const waiter of line) {
    for (const uuids of waiter.usable.values()) {
      const free = uuids.filter(
        (uuid) => waiter.holds.includes(uuid) || (!holders.has(uuid) && !foreign.has(uuid) && !kept.has(uuid)),
      );
      must(free.length < waiter.count, () => `${waiter.container_id} waits, and could run`);
    }
    for (const uuid of [...waiter.usable.values()].flat()) kept.add(uuid);
  }
}

/** What holds GPUs is to run, or was not seen to have stopped or gone yet: once all was seen, nothing else is held. */
async function checkLeaks(): Promise<void> {
  const { containers } = await look();
  for (const { container_id, generation, desired, placed } of containers) {
    if (desired === "stopped") await inTransaction(pool, (tx) => releaseGpus(tx, fence, container_id, generation));
    if (desired === "removed" && placed !== null) await finishRemoval(pool, fence, container_id);
  }
  const leaked = await sql(
    `SELECT a.container_id, a.gpu_uuid FROM gpu_allocations a LEFT JOIN containers c USING (container_id)
     WHERE c.desired IS DISTINCT FROM 'running'`,
  );
  must(leaked.length === 0, () => `held by what does not run: ${JSON.stringify(leaked)}`);
}

async function checkPorts(): Promise<void> {
  const differing = await sql(
    `(SELECT machine_id, protocol, host_port, container_id FROM port_allocations
      EXCEPT SELECT p.machine_id, port->>'protocol', (port->>'host_port')::int, p.container_id
             FROM placements p, jsonb_array_elements(p.ports) port)
     UNION ALL
     (SELECT p.machine_id, port->>'protocol', (port->>'host_port')::int, p.container_id
      FROM placements p, jsonb_array_elements(p.ports) port
      EXCEPT SELECT machine_id, protocol, host_port, container_id FROM port_allocations)`,
  );
  must(differing.length === 0, () => `ports that are not as placed: ${JSON.stringify(differing)}`);
}

const EXPECTED = new Set(["CONFLICT", "UNPROCESSABLE_CONTENT"]);
/** True where it was done, false where it was refused as it may be. */
async function tried(verb: Promise<unknown>): Promise<boolean> {
  try {
    await verb;
    return true;
  } catch (error) {
    if (error instanceof TRPCError && EXPECTED.has(error.code)) return false;
    throw error;
  }
}

let number = 0;
/** Steps by name, and how often each is taken. */
const STEPS_OF: Record<string, [weight: number, (lab: Lab, chance: Chance) => Promise<unknown>]> = {
  create: [
    20,
    async (lab, chance) => {
      if (lab.containers.length >= CONTAINERS_AT_MOST) return;
      const machine = chance.pick(lab.machines);
      await tried(
        owner.container.create({
          name: `job-${(number += 1)}`,
          image: "public/base:1",
          gpu_count: 1 + chance.below(4),
          ...(chance.happens(0.7) && { gpu_type: chance.pick(TYPES) }),
          ...(chance.happens(0.3) && { machine_id: machine.machine_id }),
          ports: [{ name: "ssh", kind: "ssh", protocol: "tcp", container_port: 22 }],
        }),
      );
    },
  ],
  createNamed: [
    5,
    async (lab, chance) => {
      if (lab.containers.length >= CONTAINERS_AT_MOST) return;
      const machine = chance.pick(lab.machines);
      const gpu_uuids = machine.gpus.slice(0, 1 + chance.below(machine.gpus.length)).map(({ uuid }) => uuid);
      await tried(owner.container.create({ name: `job-${(number += 1)}`, image: "public/base:1", gpu_uuids }));
    },
  ],
  stop: [15, (lab, chance) => onOne(lab, chance, "running", (ref) => owner.container.stop(ref))],
  start: [8, (lab, chance) => onOne(lab, chance, "stopped", (ref) => owner.container.start(ref))],
  startWaiting: [
    12,
    (lab, chance) => onOne(lab, chance, "stopped", (ref) => owner.container.start({ ...ref, if_busy: "wait" })),
  ],
  delete: [8, (lab, chance) => onOne(lab, chance, null, (ref) => owner.container.delete(ref))],
  seeStopped: [
    25,
    async (lab, chance) => {
      const down = lab.containers.filter(({ desired, holds }) => desired === "stopped" && holds.length > 0);
      if (down.length === 0) return;
      const { container_id, generation } = chance.pick(down);
      await inTransaction(pool, (tx) => releaseGpus(tx, fence, container_id, generation));
    },
  ],
  /** Of an earlier look: its owner may have asked for something else since. */
  seeStoppedLate: [
    3,
    async (lab, chance) => {
      if (lab.containers.length === 0) return;
      const { container_id, generation } = chance.pick(lab.containers);
      await inTransaction(pool, (tx) => releaseGpus(tx, fence, container_id, generation - 1));
      await inTransaction(pool, (tx) => releaseSurplus(tx, fence, container_id, generation));
    },
  ],
  seeRemoved: [
    20,
    async (lab) => {
      const gone = lab.containers.filter(({ desired }) => desired === "removed");
      await finishUnplacedRemovals(
        sql,
        gone.map(({ uid }) => uid),
      );
      for (const { container_id, placed } of gone) if (placed !== null) await finishRemoval(pool, fence, container_id);
    },
  ],
  cordon: [
    4,
    (lab, chance) => {
      const { machine_id, state } = chance.pick(lab.machines);
      return api.admin.machine.update({ machine_id, state: state === "active" ? "cordoned" : "active" });
    },
  ],
  away: [
    4,
    (lab, chance) => {
      const { machine_id, online } = chance.pick(lab.machines);
      return sql("UPDATE machine_status SET online = $2 WHERE machine_id = $1", [machine_id, !online]);
    },
  ],
  foreign: [
    3,
    (lab, chance) => {
      const { machine_id, gpus, foreign_gpus } = chance.pick(lab.machines);
      const used = foreign_gpus.length > 0 ? [] : [chance.pick(gpus).uuid];
      return sql("UPDATE machine_status SET foreign_gpus = $2 WHERE machine_id = $1", [machine_id, used]);
    },
  ],
};

async function onOne(
  lab: Lab,
  chance: Chance,
  desired: Container["desired"] | null,
  verb: (ref: { container_id: number }) => Promise<unknown>,
): Promise<void> {
  const candidates = lab.containers.filter((one) =>
    desired === null ? one.desired !== "removed" : one.desired === desired,
  );
  if (candidates.length === 0) return;
  await tried(verb({ container_id: chance.pick(candidates).container_id }));
}

test(
  `over ${STEPS} random steps no GPU or port is held twice, none leaks, and nobody is overtaken or forgotten`,
  { timeout: 900_000 },
  async () => {
    const chance = createChance(SEED);
    const names = Object.entries(STEPS_OF).flatMap(([name, [weight]]) => Array.from({ length: weight }, () => name));
    let lab = await look();
    const seen = { waited: 0, served: 0, longest: 0 };
    for (let step = 0; step < STEPS; step += 1) {
      const name = chance.pick(names);
      await STEPS_OF[name]![1](lab, chance);
      // A reconciler hears that something may have come free.
      await inTransaction(pool, advanceLine);
      const after = await look();
      try {
        check(lab, after);
        if (step % 50 === 0) await checkPorts();
        if (step % 500 === 499) await checkLeaks();
      } catch (error) {
        throw new Error(`after step ${step}, ${name}, of seed ${SEED}`, { cause: error });
      }
      const line = lineOf(after).length;
      seen.longest = Math.max(seen.longest, line);
      seen.waited += Math.max(0, line - lineOf(lab).length);
      seen.served += after.containers.filter(
        (one) =>
          one.holds.length > 0 &&
          lab.containers.some((had) => had.container_id === one.container_id && had.number !== null),
      ).length;
      lab = step % 500 === 499 ? await look() : after;
    }
    // It was a lab in which people really waited.
    expect(seen.longest).toBeGreaterThan(5);
    expect(seen.served).toBeGreaterThan(STEPS / 100);
  },
);
