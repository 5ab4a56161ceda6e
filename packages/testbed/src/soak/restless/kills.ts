import { setTimeout as delay } from "node:timers/promises";
import { distributionOf } from "../../bench/distribution.ts";
import type { ReconcilerProcess } from "../../scenario/reconciler-process.ts";
import { onRestlessStage } from "./restless-stage.ts";

const KILLS = Number(process.env["BERTH_SOAK_KILLS"] ?? 1_000);
/** Between two looks at whether all is as asked for. */
const IN_A_ROW = 25;
const LIVES_AT_MOST_MS = 1_500;

/**
 * A reconciler that is killed at random moments while people and hands change everything all the time. After every
 * {@link IN_A_ROW} kills all must come to be as asked for; no container may ever be there twice, or be lost.
 */
export const soakKills = (): Promise<boolean> =>
  onRestlessStage(async ({ stage, people, random, seed, verdict, converge, clear }) => {
    const converged: number[] = [];
    const faults: string[] = [];
    let kills = 0;
    while (kills < KILLS && faults.length === 0) {
      people.begin();
      for (let left = Math.min(IN_A_ROW, KILLS - kills); left > 0; left -= 1) {
        const reconciler = await stage.startReconciler({ logLevel: "info" });
        await delay(random() * LIVES_AT_MOST_MS);
        reconciler.kill("SIGKILL");
        const how = await reconciler.exited;
        if (how !== "SIGKILL") faults.push(endedByItself(how, reconciler));
        kills += 1;
      }
      await people.end();
      if (faults.length > 0) break;
      const from = performance.now();
      const last = await stage.startReconciler({ logLevel: "info" });
      faults.push(...(await converge()));
      converged.push(performance.now() - from);
      // What did not come to be as asked for is told, rather than that it can't be cleared away.
      if (faults.length === 0) await clear();
      const how = await last.stop();
      if (how !== 0) faults.push(endedByItself(how, last));
      const { created, duplicates, losses } = verdict();
      console.log(
        `${kills} kills, ${created} containers created (${people.summary()}), ` +
          `${duplicates.length} duplicates, ${losses.length} losses; converged in ${(converged.at(-1)! / 1_000).toFixed(1)} s`,
      );
    }
    const { duplicates, losses } = verdict();
    const { p50, p99 } = distributionOf(converged);
    console.log(
      `${kills} kills with seed ${seed}: ${duplicates.length} duplicates, ${losses.length} losses; ` +
        `start → all as asked for: median ${(p50 / 1_000).toFixed(1)} s, longest ${(p99 / 1_000).toFixed(1)} s`,
    );
    return [...faults, ...duplicates.map((what) => `made twice: ${what}`), ...losses.map((what) => `lost: ${what}`)];
  });

const endedByItself = (how: number | string, { pid, log }: ReconcilerProcess): string =>
  [`reconciler ${pid} ended by itself with ${how}:`, ...log.slice(-25)].join("\n");
