import { setTimeout as delay } from "node:timers/promises";
import pLimit from "p-limit";
import { type BenchBerth, startBenchBerth } from "../bench-berth.ts";
import { type Engines, IMAGE, startEngines } from "./start-engines.ts";

const OFFERED = { name: "public/busybox:1", reference: IMAGE };
const ADDS_AT_ONCE = 16;
/** Looks must cost the two cores that all share next to nothing: what is measured is what the database noted. */
const LOOK_MS = 250;
const PATIENCE_MS = 900_000;

/** A Berth with simulated machines, which are added and filled bit by bit. */
export interface FleetStage {
  engines: Engines;
  berth: BenchBerth;
  /** Ids of those that were added. */
  readonly machines: readonly string[];
  readonly containers: number;
  /** Adds the next ones through the API, until there are so many. */
  addMachines(until: number): Promise<void>;
  /**
   * Records so many containers more on each of these machines in one transaction, as the API records them, and returns when
   * it was committed (ms, wall clock).
   */
  record(each: number, machines?: readonly string[]): Promise<number>;
  /** Waits until all that was recorded runs, and returns when the last of them was noted to (ms, wall clock). */
  allRunning(): Promise<number>;
  /** How many run. */
  countRunning(): Promise<number>;
  /**
   * Waits until every machine has been listed since then, as the reconciler notes each 15 s, and returns when the last one
   * was (ms, wall clock). Of all machines, or of those on these shards.
   */
  allListedSince(sinceMs: number, shards?: readonly number[]): Promise<number>;
  close(): Promise<void>;
}

/** Machines enough to grow to `most`; none is added yet. */
export async function openFleetStage(most: number): Promise<FleetStage> {
  const engines = await startEngines(most);
  const berth = await startBenchBerth();
  const { sql } = berth;
  const machines: string[] = [];
  let containers = 0;
  let runs = 0;
  await berth.admin.image.add(OFFERED);

  const countRunning = async (): Promise<{ running: number; last: number }> => {
    const [row] = await sql<{ running: number; last: number }>(
      `SELECT count(*)::int AS running, (extract(epoch FROM max(s.updated_at)) * 1000)::float8 AS last
       FROM container_status s JOIN containers c USING (container_id)
       WHERE s.phase = 'Running' AND s.observed_generation = c.generation`,
    );
    return row ?? { running: 0, last: Number.NaN };
  };

  return {
    engines,
    berth,
    machines,
    get containers() {
      return containers;
    },
    async addMachines(until) {
      const limit = pLimit(ADDS_AT_ONCE);
      const add = async (url: string): Promise<string> =>
        (await berth.admin.machine.add({ url, tls: engines.tls })).machine_id;
      const urls = engines.urls.slice(machines.length, until);
      machines.push(...(await Promise.all(urls.map((url) => limit(() => add(url))))));
    },
    async record(each, on = machines) {
      const [first, ...others] = on;
      if (first === undefined) throw new Error("there is no machine");
      runs += 1;
      // The first of them is the API's own: the others are copies of it.
      const { container_id } = await berth.admin.container.create({
        name: `bench-${runs}`,
        image: OFFERED.name,
        machine_id: first,
        command: ["sleep", "86400"],
      });
      await sql(
        `WITH model AS (SELECT * FROM containers WHERE container_id = $1), made AS (
           INSERT INTO containers (name, user_id, image_id, machine_id, spec, desired, on_loss, on_drain)
           SELECT model.name || '-' || place || '-' || number, user_id, image_id, asked.machine_id, spec, desired, on_loss, on_drain
           FROM model, unnest($2::text[]) WITH ORDINALITY AS asked (machine_id, place), generate_series(1, $3::int) number
           WHERE place > 1 OR number > 1
           RETURNING container_id, machine_id
         ), status AS (INSERT INTO container_status (container_id) SELECT container_id FROM made)
         INSERT INTO placements (container_id, machine_id) SELECT container_id, machine_id FROM made`,
        [container_id, [first, ...others], each],
      );
      const recordedAt = Date.now();
      containers += each * on.length;
      return recordedAt;
    },
    async allRunning() {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const { running, last } = await countRunning();
        if (running === containers) return last;
        if (performance.now() > deadline) throw new Error(`${running} of ${containers} containers run`);
        await delay(LOOK_MS);
      }
    },
    countRunning: async () => (await countRunning()).running,
    async allListedSince(sinceMs, shards) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const [row] = await sql<{ missing: number; last: number }>(
          `SELECT count(*) FILTER (WHERE last_list_at IS NULL OR last_list_at < to_timestamp($1::float8 / 1000))::int AS missing,
                  (extract(epoch FROM max(last_list_at)) * 1000)::float8 AS last
           FROM machine_status JOIN machines USING (machine_id) WHERE $2::int[] IS NULL OR shard = ANY($2::int[])`,
          [sinceMs, shards ?? null],
        );
        if (row?.missing === 0) return row.last;
        if (performance.now() > deadline) throw new Error(`${row?.missing} machines were not listed`);
        await delay(LOOK_MS);
      }
    },
    async close() {
      await berth.close();
      await engines.close();
    },
  };
}
