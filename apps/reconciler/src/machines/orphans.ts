import { loadTombstones } from "@berth/db/tombstones/load.ts";
import type { ListedContainer } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { isAnswer } from "../failures.ts";
import { isOrphan, isOurs } from "../containers/ownership.ts";
import type { MachineSession } from "./machine-session.ts";

const STOP_GRACE_S = 10;

/**
 * Containers that bear our labels but that no row knows by its uid and its engine id. An empty or restored database must not empty the machines: they
 * are told and left alone, save those whose owner removed them while the machine was away.
 */
export async function handleOrphans(session: MachineSession, listed: readonly ListedContainer[]): Promise<void> {
  const orphans = listed.filter(
    (container) =>
      isOrphan(container, session.owner) && !session.departed.has(container.id) && !isKnown(session, container),
  );
  const uids = orphans.map((container) => container.labels[LABEL.uid]!);
  const removed = orphans.length > 0 ? await loadTombstones(session.sql, uids) : new Set<string>();
  const left: string[] = [];
  for (const orphan of orphans) {
    if (!removed.has(orphan.labels[LABEL.uid]!) || !(await tryToRemove(session, orphan))) left.push(orphan.name);
  }
  session.orphans = left.sort();
}

function isKnown(session: MachineSession, container: ListedContainer): boolean {
  const known = session.containers.get(container.labels[LABEL.uid]!);
  return known !== undefined && isOurs(container, known.row, session.owner);
}

/** False where the engine refuses, as it does while a device is busy: it stays an orphan until the next look. */
async function tryToRemove(session: MachineSession, orphan: ListedContainer): Promise<boolean> {
  try {
    await removeOrphan(session, orphan);
    return true;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    session.log.warn({ err: error, name: orphan.name }, "could not remove what its owner removed");
    return false;
  }
}

async function removeOrphan(session: MachineSession, orphan: ListedContainer): Promise<void> {
  session.log.info(
    { engineId: orphan.id, name: orphan.name },
    "removing what its owner removed while the machine was away",
  );
  if (orphan.state === "paused") await session.mutate(() => session.engine.unpauseContainer(orphan.id));
  if (orphan.state !== "exited" && orphan.state !== "created") {
    await session.mutate(() => session.engine.stopContainer(orphan.id, STOP_GRACE_S));
  }
  await session.mutate(() => session.engine.removeContainer(orphan.id));
}
