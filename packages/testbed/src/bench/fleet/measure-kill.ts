import { setTimeout as delay } from "node:timers/promises";
import type { FleetStage } from "./fleet-stage.ts";

const LOOK_MS = 50;

export interface KillFigures {
  /** Recorded in one transaction, one on each machine. */
  containers: number;
  /** How many of them ran when the reconciler was killed. */
  ranBefore: number;
  /** kill -9 → all run, and every machine was listed by the next one, which is started at once. */
  seconds: number;
  /** … of it until every machine was listed. */
  listedSeconds: number;
  duplicates: number;
}

/** The reconciler is killed in the middle of a burst, and started again as its keeper would. */
export async function measureKill(stage: FleetStage): Promise<KillFigures> {
  const { berth, engines, machines } = stage;
  const before = stage.containers;
  await stage.record(1);
  let ranBefore = 0;
  while (ranBefore < machines.length / 2) {
    await delay(LOOK_MS);
    ranBefore = (await stage.countRunning()) - before;
  }
  const killedAt = Date.now();
  berth.reconciler.kill("SIGKILL");
  await berth.restartReconciler(false);
  const ranAt = await stage.allRunning();
  const listedAt = await stage.allListedSince(killedAt);
  const { running, duplicates } = await engines.count();
  if (running !== stage.containers + duplicates) throw new Error(`${running} of ${stage.containers} containers run`);
  return {
    containers: machines.length,
    ranBefore,
    seconds: (Math.max(ranAt, listedAt) - killedAt) / 1_000,
    listedSeconds: (listedAt - killedAt) / 1_000,
    duplicates,
  };
}
