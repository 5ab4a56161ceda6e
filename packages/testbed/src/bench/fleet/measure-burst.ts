import { cpuSeconds } from "../../fleet/cpu-seconds.ts";
import { BareClient } from "./bare-client.ts";
import type { FleetStage } from "./fleet-stage.ts";
import { IMAGE, TIMINGS } from "./start-engines.ts";

export interface BurstFigures {
  containers: number;
  /** By which the engines work. */
  timings: string;
  /** Recorded in one transaction → the last one is noted to run. */
  seconds: number;
  /** Create and start alone, by the bare client with as much at once. */
  bareSeconds: number;
  perSecond: number;
  /** Of the time that Berth adds; null where it adds none. */
  perSecondBeyond: number | null;
  /** CPU seconds that the burst took of the reconciler, and of the simulated engines. */
  cpu: { reconciler: number; engines: number };
}

/** On machines that have none yet, as many at once as the fleet is to have. */
export async function measureBurst(stage: FleetStage, each: number): Promise<BurstFigures> {
  const { berth, engines } = stage;
  const bareSeconds = await fillByHand(stage, each);
  await engines.clear();
  const cpu = () => {
    const ofEngines = engines.pids.map((pid) => cpuSeconds(pid));
    return {
      reconciler: cpuSeconds(berth.reconciler.pid),
      engines: ofEngines.reduce((sum, seconds) => sum + seconds, 0),
    };
  };
  const before = cpu();
  const recordedAt = await stage.record(each);
  const seconds = ((await stage.allRunning()) - recordedAt) / 1_000;
  const { containers } = stage;
  const after = cpu();
  return {
    containers,
    timings: TIMINGS,
    seconds,
    bareSeconds,
    perSecond: containers / seconds,
    perSecondBeyond: seconds > bareSeconds ? containers / (seconds - bareSeconds) : null,
    cpu: { reconciler: after.reconciler - before.reconciler, engines: after.engines - before.engines },
  };
}

async function fillByHand({ engines, machines }: FleetStage, each: number): Promise<number> {
  const bare = new BareClient(engines.urls.slice(0, machines.length), engines.tls);
  try {
    const beganAt = performance.now();
    await bare.fill(each, IMAGE);
    return (performance.now() - beganAt) / 1_000;
  } finally {
    bare.close();
  }
}
