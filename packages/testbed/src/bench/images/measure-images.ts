import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import type { EngineGeneration } from "../../fleet/generations.ts";
import { startFleet } from "../../fleet/start-fleet.ts";
import { startRestartablePostgres } from "../../postgres/restartable.ts";
import { startBerth } from "../../scenario/berth.ts";
import { recordRegistry } from "../../scenario/record-registry.ts";
import { realEngine } from "../../scenario/scenario-engine.ts";
import { Scene } from "../../scenario/scene.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import { checkSpace } from "./check-space.ts";
import { transferByBerth } from "./transfer-by-berth.ts";
import { transferByHand } from "./transfer-by-hand.ts";
import { watchMemory, type WatchedMemory } from "./watch-memory.ts";

export interface ImageFigures {
  engine: string;
  megabytes: number;
  /** By the command line. */
  hand: Record<"commit" | "push" | "save" | "pull", Distribution>;
  /** The same content by Berth, and its own part of it. */
  berth: Record<"commit" | "push" | "save" | "saveOwn" | "pull" | "pullOwn", Distribution>;
  /** Different amounts of bytes that the API showed of one transfer, in the round that had the fewest. */
  steps: { push: number; pull: number };
  /** Highest above idle over all rounds, MiB. */
  memory: WatchedMemory;
}

/** On two machines of one generation and one registry: saved on the one, pulled on the other. */
export async function measureImages(
  generation: EngineGeneration,
  { rounds, megabytes }: { rounds: number; megabytes: number },
): Promise<ImageFigures> {
  const engines = ["from", "to"].map((name) => ({ name, generation }));
  const fleet = await startFleet({ engines });
  const postgres = await startRestartablePostgres();
  const berth = await startBerth({ url: postgres.url, drop: postgres.remove });
  const pool = createPool(postgres.url, { max: 1, applicationName: "berth-bench", onError: () => undefined });
  const sql = pgSql(pool);
  try {
    checkSpace(fleet.folder, megabytes);
    const scenes: Scene[] = [];
    for (const engine of fleet.engines) scenes.push(await Scene.open(berth, realEngine(fleet, engine)));
    const [from, to] = scenes;
    if (!from || !to) throw new Error("the fleet lacks an engine");
    await recordRegistry(berth, { address: fleet.registry.address });
    const hand: Awaited<ReturnType<typeof transferByHand>>[] = [];
    const ours: Awaited<ReturnType<typeof transferByBerth>>[] = [];
    // Connections are opened, and the base's layer is on the registry.
    await transferByHand(from.engine, to.engine, 1);
    await transferByBerth(from, to, sql, 1);
    const memory = await watchMemory({ server: berth.server.pid, reconciler: berth.reconciler.pid });
    for (let round = 0; round < rounds; round += 1) {
      const byHand = async () => hand.push(await transferByHand(from.engine, to.engine, megabytes));
      const byBerth = async () => ours.push(await transferByBerth(from, to, sql, megabytes));
      // Whoever comes second finds a warmer disk.
      const inTurn = round % 2 === 0 ? [byHand, byBerth] : [byBerth, byHand];
      for (const transfer of inTurn) {
        await transfer();
        await fleet.registry.collectGarbage();
      }
    }
    return {
      engine: `Docker ${generation}`,
      megabytes,
      hand: {
        commit: distributionOf(hand.map(({ commitMs }) => commitMs)),
        push: distributionOf(hand.map(({ pushMs }) => pushMs)),
        save: distributionOf(hand.map(({ commitMs, pushMs }) => commitMs + pushMs)),
        pull: distributionOf(hand.map(({ pullMs }) => pullMs)),
      },
      berth: {
        commit: distributionOf(ours.map(({ commitMs }) => commitMs)),
        push: distributionOf(ours.map(({ pushMs }) => pushMs)),
        save: distributionOf(ours.map(({ saveMs }) => saveMs)),
        saveOwn: distributionOf(ours.map(({ saveMs, saveEngineMs }) => saveMs - saveEngineMs)),
        pull: distributionOf(ours.map(({ pullMs }) => pullMs)),
        pullOwn: distributionOf(ours.map(({ pullMs, pullEngineMs }) => pullMs - pullEngineMs)),
      },
      steps: {
        push: Math.min(...ours.map(({ pushSteps }) => pushSteps)),
        pull: Math.min(...ours.map(({ pullSteps }) => pullSteps)),
      },
      memory: memory.stop(),
    };
  } finally {
    await pool.end();
    await berth.close();
    await fleet.close();
  }
}
