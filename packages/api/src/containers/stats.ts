import type { ContainerStats } from "@berth/spec/live.ts";
import type { AuthedContext } from "../context.ts";
import { getContainer } from "./get.ts";

/**
 * Readings of a container until `signal` aborts or it is removed, which is NOT_FOUND, as for who may not see it. There are
 * none while it does not run, and they go on when it runs again.
 */
export async function followStats(
  ctx: Pick<AuthedContext, "sql" | "actor" | "stats">,
  { container_id }: { container_id: number },
  signal: AbortSignal,
): Promise<AsyncIterable<ContainerStats>> {
  await getContainer(ctx, { container_id });
  return ctx.stats.follow(container_id, signal);
}
