import type { ListedContainer } from "@berth/docker/engine.ts";
import { DIRECTORY_SYSTEM, LABEL } from "@berth/spec/engine-names.ts";
import { isAnswer } from "../failures.ts";
import type { MachineSession } from "./machine-session.ts";

/**
 * Removes what a process that was killed left of making a directory: containers that were never started. To be called
 * before this one makes any there.
 */
export async function clearLeftovers(session: MachineSession, listed: readonly ListedContainer[]): Promise<void> {
  for (const { id, name, labels, state } of listed) {
    if (labels[LABEL.system] !== DIRECTORY_SYSTEM || labels[LABEL.uid] !== undefined || state !== "created") continue;
    try {
      await session.mutate(() => session.engine.removeContainer(id));
    } catch (error) {
      if (!isAnswer(error)) throw error;
      session.log.warn({ err: error, name }, "could not remove what was left of making a directory");
    }
  }
}
