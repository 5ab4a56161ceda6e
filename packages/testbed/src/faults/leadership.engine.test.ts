import { SHARDS } from "@berth/db/leases/shard-leases.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import type { ReconcilerProcess } from "../scenario/reconciler-process.ts";
import { expectConsistent, expectMadeOnce } from "./consistency.ts";
import { actionsSince, engineTime, MUTATIONS, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

/** Another may take over ten seconds after the last renewal; the rest is for a machine that is busy with other things. */
const FROZEN_TAKEN_OVER_WITHIN_MS = 20_000;
const DEAD_TAKEN_OVER_WITHIN_MS = 5_000;

describe.skipIf(!sharedFleet())("two reconcilers", () => {
  let database: TestDatabase;
  let stage: Stage;
  let machine: StageMachine;
  beforeAll(async () => {
    database = await createTestDatabase();
    const [generation = "20.10"] = sharedFleet()?.engines.map((engine) => engine.generation) ?? [];
    stage = await Stage.set(database.url, { engines: [{ name: "led", generation }] });
    machine = stage.machine("led");
  });
  afterEach(async () => {
    try {
      await stage.deleteContainers();
    } finally {
      await stage.killReconcilers();
    }
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  interface Lease {
    holder: string;
    epoch: string;
  }

  /** Of the machine's shard; null where nobody holds it. */
  async function readLease(): Promise<Lease | null> {
    const { rows } = await stage.pool.query<Lease>(
      `SELECT holder, epoch::text FROM leases JOIN machines USING (shard)
       WHERE machine_id = $1 AND holder IS NOT NULL AND expires_at > clock_timestamp()`,
      [machine.machine_id],
    );
    return rows[0] ?? null;
  }

  /** How many shards each holder has whose connection lives: what a dead one held stays on record for some seconds. */
  async function readShares(): Promise<number[]> {
    const { rows } = await stage.pool.query<{ held: number }>(
      `SELECT count(*)::int AS held FROM leases JOIN reconcilers r USING (holder)
         JOIN pg_stat_activity b ON b.pid = r.backend_pid AND b.backend_start = r.backend_start
       WHERE leases.expires_at > clock_timestamp() GROUP BY holder`,
    );
    return rows.map(({ held }) => held);
  }

  /** Starts two, and says which of them leads the machine once each has its share. */
  async function startTwo(): Promise<{ leader: ReconcilerProcess; other: ReconcilerProcess; lease: Lease }> {
    // One that an earlier test killed holds the lease until it expires, or is taken over.
    const dead = await readLease();
    const first = await stage.startReconciler();
    await stage.until("the first to lead", async () => {
      const lease = await readLease();
      return lease !== null && lease.holder !== dead?.holder;
    });
    const before = await readLease();
    const second = await stage.startReconciler();
    await stage.until("each to have its share", async () => {
      const shares = await readShares();
      return shares.length === 2 && shares.every((held) => held === SHARDS / 2);
    });
    const lease = await readLease();
    if (!before || !lease) throw new Error("nobody leads");
    const isFirst = lease.holder === before.holder;
    return { leader: isFirst ? first : second, other: isFirst ? second : first, lease };
  }

  /** Resolves with how long it took until another led the machine. */
  async function measureTakeOver(from: Lease): Promise<number> {
    const startedAt = performance.now();
    await stage.until("the other to lead", async () => {
      const lease = await readLease();
      return lease !== null && lease.holder !== from.holder;
    });
    return Math.round(performance.now() - startedAt);
  }

  test("one that is asked to end hands over at once", async () => {
    const { leader, lease } = await startTwo();
    const [ms] = await Promise.all([measureTakeOver(lease), leader.stop()]);
    console.log(`clean stop: led by the other after ${ms} ms`);
    expect(ms).toBeLessThan(DEAD_TAKEN_OVER_WITHIN_MS);
    expect(await leader.exited).toBe(0);
    await stage.seeRunning(await stage.create("handed-over", machine));
    await expectConsistent(stage);
  });

  test("one that is killed is replaced at once", async () => {
    const { leader, lease } = await startTwo();
    const since = engineTime();
    const containers = await Promise.all(["dead-a", "dead-b", "dead-c"].map((name) => stage.create(name, machine)));
    leader.kill("SIGKILL");
    const ms = await measureTakeOver(lease);
    console.log(`kill -9: led by the other after ${ms} ms`);
    expect(ms).toBeLessThan(DEAD_TAKEN_OVER_WITHIN_MS);
    for (const container of containers) await stage.seeRunning(container);
    await expectConsistent(stage);
    await expectMadeOnce(machine.engine, since, containers);
  });

  test("one that freezes in the middle of a stop is replaced, and changes nothing when it thaws", async () => {
    const { leader, lease } = await startTwo();
    // Takes its ten seconds to stop: an init that passes SIGTERM on to a shell that ignores it.
    const ignoring = { command: ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"] };
    const [slow, bystander] = await Promise.all([
      stage.create("slow-to-stop", machine, ignoring).then((container) => stage.seeRunning(container)),
      stage.create("bystander", machine).then((container) => stage.seeRunning(container)),
    ]);
    await stage.api.admin.container.stop.mutate(slow);
    await stage.until("the stop to be under way", () =>
      leader.log.some((line) => line.includes(slow.uid) && line.includes("stopContainer")),
    );
    leader.kill("SIGSTOP");
    const ms = await measureTakeOver(lease);
    console.log(`frozen: led by the other after ${ms} ms`);
    expect(ms).toBeLessThan(FROZEN_TAKEN_OVER_WITHIN_MS);

    // Docker ends what the frozen one has asked for, and may take longer than the other one took to lead.
    await stage.seeStopped(slow);
    // What the frozen one knows is old by now.
    await stage.api.admin.container.start.mutate({ container_id: slow.container_id });
    await stage.api.admin.container.stop.mutate(bystander);
    const ran = await stage.seeRunning(slow);
    await stage.seeStopped(bystander);
    const was = await theOneOf(machine.engine, slow);
    const epoch = (await readLease())?.epoch;
    expect(Number(epoch)).toBeGreaterThan(Number(lease.epoch));

    const saidBefore = leader.log.length;
    const since = engineTime();
    leader.kill("SIGCONT");
    await stage.until("the thawed one to notice", () =>
      leader.log.slice(saidBefore).some((line) => line.includes("shards were lost")),
    );
    await stage.until("the thawed one to have its share again", async () => (await readShares()).length === 2);
    expect(await theOneOf(machine.engine, slow)).toEqual(was);
    expect((await actionsSince(machine.engine, since)).filter((action) => MUTATIONS.has(action))).toEqual([]);
    expect(await stage.seeRunning(slow)).toMatchObject({ generation: ran.generation, restarts: ran.restarts });
    await stage.seeStopped(bystander);
    const { rows } = await stage.pool.query<{ lease_epoch: string }>(
      "SELECT lease_epoch::text FROM container_status WHERE container_id = ANY($1::int[])",
      [[slow.container_id, bystander.container_id]],
    );
    expect(rows).toHaveLength(2);
    for (const { lease_epoch } of rows) expect(Number(lease_epoch)).toBeGreaterThan(Number(lease.epoch));
    await expectConsistent(stage);
  });

  test("several at once share what there is, and each container is made once", async () => {
    await Promise.all([stage.startReconciler(), stage.startReconciler(), stage.startReconciler()]);
    // While they still hand shards to each other.
    const since = engineTime();
    const names = Array.from({ length: 6 }, (_, index) => `shared-${index}`);
    const containers = await Promise.all(names.map((name) => stage.create(name, machine)));
    for (const container of containers) await stage.seeRunning(container);
    await stage.until("each to have its share", async () => {
      const shares = await readShares();
      return (
        shares.length === 3 &&
        shares.reduce((sum, held) => sum + held) === SHARDS &&
        Math.max(...shares) <= Math.ceil(SHARDS / 3)
      );
    });
    await expectConsistent(stage);
    await expectMadeOnce(machine.engine, since, containers);
  });
});
