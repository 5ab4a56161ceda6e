import { markContainersUnknown, writeMachineStatus } from "@berth/db/machines/write-status.ts";
import { mergeConditions } from "@berth/spec/condition.ts";
import { machineClaims } from "./machine-claims.ts";
import type { MachineSession } from "./machine-session.ts";

/**
 * Tells that the machine is away. What its containers hold stays held, and nothing is started elsewhere. False where it
 * could not be written: the database may be away too.
 */
export async function writeOffline(session: MachineSession, error: unknown): Promise<boolean> {
  const reason = error instanceof Error ? error.message : String(error);
  const { row } = session;
  try {
    const fence = session.fence();
    const status = {
      ...row.status,
      online: false,
      conditions: mergeConditions(row.status.conditions, machineClaims(session, reason), new Date(session.now())),
    };
    const version = await writeMachineStatus(session.sql, fence, {
      machine_id: row.machine_id,
      ...status,
      observed_generation: row.generation,
      facts: null,
    });
    if (version === null) {
      await session.reloadStatus();
      return false;
    }
    row.status = { ...status, version };
    const message = `${row.name} does not answer. The container may be running there; nothing is started elsewhere.`;
    const { announcer } = session.context;
    announcer.add("machine", row.machine_id);
    for (const { uid, container_id } of await markContainersUnknown(session.sql, fence, row.machine_id, message)) {
      announcer.add("container", container_id);
      const known = session.containers.get(uid);
      if (known) known.isStale = true;
    }
    session.context.told.tell({
      noun: "machine",
      id: row.machine_id,
      kind: "warning",
      reason: "Unreachable",
      message: reason,
    });
    return true;
  } catch (writeError) {
    session.log.warn({ err: writeError }, "could not record that the machine is away");
    return false;
  }
}
