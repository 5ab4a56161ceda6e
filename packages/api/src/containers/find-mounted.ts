import { EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../context.ts";
import { findOnEngine } from "./on-engine.ts";

const LOOK_MS = 5_000;

/**
 * Where in a container something is mounted, volumes of its image's included: no commit takes what lies there. Null where
 * its engine can't say now, or has no such container.
 */
export async function findMounted(ctx: AuthedContext, containerId: number): Promise<string[] | null> {
  try {
    const { engine, engine_id } = await findOnEngine(ctx, containerId);
    const { mounts } = await engine.inspectContainer(engine_id, { deadlineMs: LOOK_MS });
    return mounts.map(({ destination }) => destination).toSorted();
  } catch (error) {
    if (error instanceof EngineError) return null;
    if (error instanceof DomainError && error.code !== "NOT_FOUND") return null;
    throw error;
  }
}
