import { type Idle, watchIdle } from "../watch-idle.ts";
import { openFleetStage } from "./fleet-stage.ts";
import { type BurstFigures, measureBurst } from "./measure-burst.ts";
import { type FailoverFigures, measureFailover } from "./measure-failover.ts";
import { type KillFigures, measureKill } from "./measure-kill.ts";
import { measureResync, type ResyncFigures } from "./measure-resync.ts";
import { measureScale, type ScalePoint } from "./measure-scale.ts";

export interface FleetFigures {
  machines: number;
  containers: number;
  burst: BurstFigures;
  resync: ResyncFigures;
  idle: Idle;
  kill: KillFigures;
  failover: FailoverFigures;
  scale: ScalePoint[];
}

export interface FleetOptions {
  machines: number;
  /** On each machine. */
  each: number;
  rounds: number;
  /** Of the fleets whose cost per machine is measured. */
  sizes: readonly number[];
}

/** Simulated engines in one process, the real reconciler in another, and mutual TLS between them. */
export async function measureFleet({ sizes, ...options }: FleetOptions): Promise<FleetFigures> {
  return { ...(await measureAtSize(options)), scale: await measureScale(sizes, options.each) };
}

async function measureAtSize({
  machines,
  each,
  rounds,
}: Omit<FleetOptions, "sizes">): Promise<Omit<FleetFigures, "scale">> {
  const stage = await openFleetStage(machines);
  try {
    await stage.addMachines(machines);
    const burst = await measureBurst(stage, each);
    const { containers } = stage;
    const resync = await measureResync(stage, rounds);
    const idle = await watchIdle(stage.berth);
    const kill = await measureKill(stage);
    return { machines, containers, burst, resync, idle, kill, failover: await measureFailover(stage, rounds) };
  } finally {
    await stage.close();
  }
}
