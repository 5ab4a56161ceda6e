import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";

/** Whether the machine's engine holds an image of this name. */
export async function isImageThere(session: MachineSession, reference: string): Promise<boolean> {
  try {
    await session.read(() => session.engine.inspectImage(reference));
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return false;
    throw error;
  }
}
