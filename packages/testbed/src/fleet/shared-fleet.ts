import { inject } from "vitest";
import type { ProvidedFleet } from "./global-setup.ts";

/**
 * Real engines that test files share, though no two at one time: each place in which vitest runs files has a fleet of its
 * own. Null where no engine can be had, as `npm test` says then, and in a project that starts none.
 */
export function sharedFleet(): ProvidedFleet | null {
  const place = Number(process.env["VITEST_POOL_ID"]); // from 1 to the project's `maxWorkers`
  const fleets = inject("fleets");
  if (fleets === undefined || fleets.length === 0) return null;
  const fleet = fleets[place - 1];
  if (!fleet) throw new Error(`there is no fleet for place ${place}`);
  return fleet;
}
