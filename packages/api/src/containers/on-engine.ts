import type { Engine } from "@berth/docker/engine.ts";
import type { Container } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../context.ts";
import { getContainer } from "./get.ts";

export interface OnEngine {
  container: Container;
  /** The pool's: never the caller's to close. */
  engine: Engine;
  /** The container's id on that engine, as it was seen last: what has it there may be gone by now. */
  engine_id: string;
  machine_id: string;
}

/**
 * Which engine container this container is, for those who read from it or open a terminal in it. NOT_FOUND for who may
 * not see it, CONFLICT where it was never made, or is gone from its machine.
 */
export async function findOnEngine(
  ctx: Pick<AuthedContext, "sql" | "actor" | "engines">,
  container_id: number,
): Promise<OnEngine> {
  const container = await getContainer(ctx, { container_id });
  const [made] = await ctx.sql<{ engine_id: string; machine_id: string }>(
    `SELECT s.engine_id, p.machine_id FROM container_status s JOIN placements p USING (container_id)
     WHERE s.container_id = $1 AND s.engine_id IS NOT NULL`,
    [container_id],
  );
  if (!made) {
    const { name, phase } = container;
    throw new DomainError("CONFLICT", `${name} is not on a machine yet: it is ${phase}. Start it, or wait.`, { phase });
  }
  return { container, engine: await ctx.engines.engineOf(made.machine_id), ...made };
}
