import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { ObservedContainer } from "../plan/types.ts";
import type { KnownContainer } from "./known-container.ts";

const KILLED = 137;

export function tellOutOfMemory(session: MachineSession, uid: string): void {
  session.context.told.tell({
    noun: "container",
    id: uid,
    kind: "warning",
    reason: "OutOfMemory",
    message: "It reached its memory limit, and a process in it was killed. Raise its memory, or use less.",
  });
}

/** Engines tell why a container ended only to who listens at that moment: where nobody did, the container is asked. */
export async function tellUnheardOutOfMemory(
  session: MachineSession,
  known: KnownContainer,
  { current }: ObservedContainer,
): Promise<void> {
  const { uid, status } = known.row;
  if (current?.state !== "exited" || current.exitCode !== KILLED || !status.running) return;
  if (known.heardEndOf === current.engineId) return;
  try {
    const { oom_killed } = await session.read(() => session.engine.inspectContainer(current.engineId));
    if (oom_killed) tellOutOfMemory(session, uid);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    session.log.warn({ uid, err: error }, "why it ended is not known");
  }
}
