import { setTimeout as delay } from "node:timers/promises";
import { cpuSeconds } from "../../fleet/cpu-seconds.ts";
import { residentMiB } from "../../fleet/resident-memory.ts";
import { type FleetStage, openFleetStage } from "./fleet-stage.ts";
import { noticeAllMachines } from "./measure-resync.ts";

/** Machines that are added and filled at once: a statement that fills more of them takes the database too long. */
const STEP = 1_000;
/** CPU time is counted in hundredths of a second: few machines are looked at more than once. */
const LOOKS = 1_000;
const WINDOW_MS = 10_000;
/** A resync of more machines takes longer. */
const WINDOW_MS_EACH = 4;
const BETWEEN_MS = 1_000;

/** What one size costs the reconciler. */
export interface ScalePoint {
  machines: number;
  containers: number;
  /** CPU of a resync that finds nothing to do. */
  cpuMsPerMachine: number;
  /** Above a reconciler that has no machine. */
  mibPerMachine: number;
  /** All of it, some seconds after its start. */
  mib: number;
  /** Percent of a core while nothing but time passes. */
  idleCpu: number;
}

/** One fleet that grows; at each size the reconciler is started anew, so that what it did before does not count. */
export async function measureScale(sizes: readonly number[], each: number): Promise<ScalePoint[]> {
  if (sizes.length === 0) return [];
  const stage = await openFleetStage(Math.max(...sizes));
  try {
    const baseMiB = residentMiB(stage.berth.reconciler.pid);
    const points: ScalePoint[] = [];
    for (const size of sizes) {
      await grow(stage, size, each);
      points.push(await measureSize(stage, baseMiB));
    }
    return points;
  } finally {
    await stage.close();
  }
}

async function grow(stage: FleetStage, size: number, each: number): Promise<void> {
  while (stage.machines.length < size) {
    const had = stage.machines.length;
    await stage.addMachines(Math.min(size, had + STEP));
    await stage.record(each, stage.machines.slice(had));
    await stage.allRunning();
  }
}

async function measureSize(stage: FleetStage, baseMiB: number): Promise<ScalePoint> {
  const beganAt = Date.now();
  await stage.berth.restartReconciler(false);
  await stage.allListedSince(beganAt);
  const machines = stage.machines.length;
  const sweeps = Math.ceil(LOOKS / machines);
  const windowMs = Math.max(WINDOW_MS + sweeps * BETWEEN_MS, machines * WINDOW_MS_EACH);
  const { pid } = stage.berth.reconciler;
  const mib = residentMiB(pid);
  const idle = await cpuWhile(pid, windowMs, async () => undefined);
  let noticedAt = 0;
  const busy = await cpuWhile(pid, windowMs, async () => {
    for (let sweep = 0; sweep < sweeps; sweep += 1) {
      noticedAt = Date.now();
      await noticeAllMachines(stage);
      await delay(BETWEEN_MS);
    }
  });
  // Else it is not their cost that was measured.
  await stage.allListedSince(noticedAt);
  return {
    machines,
    containers: stage.containers,
    cpuMsPerMachine: ((busy - idle) * 1_000) / (sweeps * machines),
    mibPerMachine: (mib - baseMiB) / machines,
    mib,
    idleCpu: (idle * 100_000) / windowMs,
  };
}

/** CPU seconds of a process in this time, in which `work` is done first. */
async function cpuWhile(pid: number, windowMs: number, work: () => Promise<void>): Promise<number> {
  const before = cpuSeconds(pid);
  const over = delay(windowMs);
  await work();
  await over;
  return cpuSeconds(pid) - before;
}
