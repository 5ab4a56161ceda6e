import { setTimeout as delay } from "node:timers/promises";
import type { ReconcilerProcess } from "../../scenario/reconciler-process.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import type { FleetStage } from "./fleet-stage.ts";

const LOOK_MS = 50;
const PATIENCE_MS = 60_000;

/** Milliseconds. */
interface TakeOver {
  /** The other one has its last shard. */
  led: Distribution;
  /** It has listed the last machine of those shards. */
  listed: Distribution;
}

export interface FailoverFigures {
  /** SIGKILL. */
  killed: TakeOver;
  /** SIGSTOP. */
  frozen: TakeOver;
}

/** Two reconcilers share the machines; one is killed or frozen, and the other leads them all. */
export async function measureFailover(stage: FleetStage, rounds: number): Promise<FailoverFigures> {
  const samples = { killed: [] as TakenOver[], frozen: [] as TakenOver[] };
  for (let round = 0; round < rounds; round += 1) {
    samples.killed.push(await lose(stage, "SIGKILL"));
    samples.frozen.push(await lose(stage, "SIGSTOP"));
  }
  const distributions = (taken: TakenOver[]): TakeOver => ({
    led: distributionOf(taken.map(({ ledMs }) => ledMs)),
    listed: distributionOf(taken.map(({ listedMs }) => listedMs)),
  });
  return { killed: distributions(samples.killed), frozen: distributions(samples.frozen) };
}

interface TakenOver {
  ledMs: number;
  listedMs: number;
}

interface Share {
  holder: string;
  shards: number[];
  since: number;
}

async function lose(stage: FleetStage, signal: "SIGKILL" | "SIGSTOP"): Promise<TakenOver> {
  const [survivor] = await untilShared(stage, 1);
  const lost: ReconcilerProcess = await stage.berth.startReconciler();
  try {
    const shares = await untilShared(stage, 2);
    const share = shares.find(({ holder }) => holder !== survivor?.holder);
    if (!share) throw new Error("the second one has no share");
    // What it took over must be its own by now, not still on its way.
    await stage.allListedSince(share.since, share.shards);
    const lostAt = Date.now();
    lost.kill(signal);
    const [all] = await untilShared(stage, 1, survivor?.holder);
    const listedAt = await stage.allListedSince(lostAt, share.shards);
    return { ledMs: (all?.since ?? Number.NaN) - lostAt, listedMs: listedAt - lostAt };
  } finally {
    lost.kill("SIGKILL");
    await lost.exited;
  }
}

/** Waits until so many hold all 64 shards in equal parts: of one holder, this one where it is named. */
async function untilShared({ berth }: FleetStage, count: number, holder?: string): Promise<Share[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const shares = await berth.sql<Share>(
      `SELECT holder, array_agg(shard) AS shards, (extract(epoch FROM max(held_since)) * 1000)::float8 AS since
       FROM leases WHERE expires_at > clock_timestamp() GROUP BY holder`,
    );
    const isShared = shares.length === count && shares.every(({ shards }) => shards.length === 64 / count);
    if (isShared && (holder === undefined || shares[0]?.holder === holder)) return shares;
    if (performance.now() > deadline) throw new Error(`${count} reconcilers do not share the machines`);
    await delay(LOOK_MS);
  }
}
