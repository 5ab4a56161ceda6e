import { type Distribution, distributionOf } from "../distribution.ts";
import { BareClient } from "./bare-client.ts";
import type { FleetStage } from "./fleet-stage.ts";

/** The next regular look at a machine comes no earlier than this after its first one, and would be taken for the notice's. */
const QUIET_MS = 54_000;
/** The reconciler notes each 15 s when machines were listed: whoever asks later waits until then. */
const NOTED_EACH_MS = 16_000;

/** Lists of all machines, milliseconds. */
export interface ResyncFigures {
  /** All connections closed: the reconciler's process begins → the last machine is listed. */
  cold: Distribution;
  /** … of it: the process begins → it runs. */
  coldStart: Distribution;
  /** The bare client's connections and lists. */
  bareCold: Distribution;
  /** Connections open: all machines are noticed → the last one is listed. */
  warm: Distribution;
  bareWarm: Distribution;
}

/**
 * Berth and the bare client take turns. Cold is the reconciler's own start. Warm is what a notice about every machine makes it
 * do: read their rows and list their containers. When a machine was listed is what the reconciler itself has noted.
 */
export async function measureResync(stage: FleetStage, rounds: number): Promise<ResyncFigures> {
  const samples = {
    cold: [] as number[],
    coldStart: [] as number[],
    bareCold: [] as number[],
    warm: [] as number[],
    bareWarm: [] as number[],
  };
  for (let round = 0; round < rounds; round += 1) {
    await stage.berth.reconciler.stop();
    const beganAt = Date.now();
    await stage.berth.restartReconciler(false);
    samples.coldStart.push(Date.now() - beganAt);
    samples.cold.push((await stage.allListedSince(beganAt)) - beganAt);
    while (Date.now() - beganAt < QUIET_MS - NOTED_EACH_MS) samples.warm.push(await resync(stage, beganAt));
    const bare = new BareClient(stage.engines.urls.slice(0, stage.machines.length), stage.engines.tls);
    try {
      samples.bareCold.push(await sweep(stage, bare));
      samples.bareWarm.push(await sweep(stage, bare));
    } finally {
      bare.close();
    }
  }
  const { cold, coldStart, bareCold, warm, bareWarm } = samples;
  if (warm.length === 0)
    throw new Error("the machines were not listed soon enough for a look at them to be told apart");
  return {
    cold: distributionOf(cold),
    coldStart: distributionOf(coldStart),
    bareCold: distributionOf(bareCold),
    warm: distributionOf(warm),
    bareWarm: distributionOf(bareWarm),
  };
}

/** As the database's triggers say that a machine's row has changed. */
export const noticeAllMachines = ({ berth }: FleetStage): Promise<unknown> =>
  berth.sql("SELECT count(pg_notify('berth_machine', machine_id)) FROM machines");

async function resync(stage: FleetStage, beganAt: number): Promise<number> {
  const noticedAt = Date.now();
  await noticeAllMachines(stage);
  const lastAt = await stage.allListedSince(noticedAt);
  if (lastAt - beganAt > QUIET_MS) throw new Error("a regular look came between");
  return lastAt - noticedAt;
}

async function sweep(stage: FleetStage, bare: BareClient): Promise<number> {
  const beganAt = performance.now();
  const listed = await bare.sweep(stage.berth.installation);
  if (listed !== stage.containers) throw new Error(`the engines list ${listed} of ${stage.containers} containers`);
  return performance.now() - beganAt;
}
