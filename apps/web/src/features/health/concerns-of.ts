import type { ReconcilersReport } from "@berth/spec/reconciler.ts";

/** What has waited longer is held up by something. */
const LATE_MS = 60_000;

/** How many things an admin should look at. Times are compared by the database's clock. */
export function concernsOf({ at, reconcilers, unobserved, unreachable_count }: ReconcilersReport): number {
  const alive = reconcilers.filter((each) => each.alive);
  const late = unobserved.filter(({ oldest_at }) => Date.parse(at) - Date.parse(oldest_at) > LATE_MS);
  const waiting = alive.filter(({ health }) => (health?.longest_waiting?.ms ?? 0) > LATE_MS);
  const silent = alive.filter(({ stale }) => stale);
  return (alive.length === 0 ? 1 : 0) + late.length + waiting.length + silent.length + unreachable_count;
}
