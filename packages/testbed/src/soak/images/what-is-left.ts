import { isDeepStrictEqual } from "node:util";
import { waitUntil } from "../../fleet/wait-until.ts";
import { type Stock, takeStock } from "../../scenario/stock.ts";
import type { ImageStage } from "./image-stage.ts";

const PATIENCE_MS = 60_000;

/** Waits for all to be as before. What is not in the end is answered, a line for each machine or table. */
export async function whatIsLeft({ berth, scenes }: ImageStage, before: Stock): Promise<string[]> {
  let after = await takeStock(berth, scenes);
  await waitUntil("nothing to be left", PATIENCE_MS, async () =>
    isDeepStrictEqual((after = await takeStock(berth, scenes)), before),
  ).catch(() => undefined); // told below
  const differences = [
    [before.machines, after.machines],
    [before.rows, after.rows],
  ] as const;
  return differences.flatMap(([was, is]) =>
    Object.keys(was)
      .filter((name) => !isDeepStrictEqual(was[name], is[name]))
      .map((name) => `${name} was ${JSON.stringify(was[name])}, and is ${JSON.stringify(is[name])}`),
  );
}
