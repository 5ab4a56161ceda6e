import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { ListedContainer } from "@berth/docker/engine.ts";
import { restoreOf } from "./desired.ts";
import { heldGenerationOf, isNameForUid, LABEL } from "@berth/spec/engine-names.ts";

export interface Owner {
  installation: string;
  machine_id: string;
}

/**
 * Labels alone are not ownership: a commit copies them into the image, and so into whatever is run from it by hand. Ours is
 * what bears our labels, and is recorded by its engine id or, while a create may be under way, bears a name of ours: which
 * one its owner may have changed meanwhile.
 */
export function isOurs(listed: ListedContainer, row: ContainerRow, owner: Owner): boolean {
  if (!bearsLabels(listed, row.uid, owner)) return false;
  const isRecorded = listed.id === row.status.engine_id || row.held.some((hold) => hold.engine_id === listed.id);
  return isRecorded || (row.status.create_open && isCurrentName(listed.name, row.uid));
}

/** Bears our labels and a name of ours beside what the row knows. What a recreate set aside does not run. */
export const isUnknownTwin = (listed: ListedContainer, row: ContainerRow, owner: Owner): boolean =>
  bearsLabels(listed, row.uid, owner) && isCurrentName(listed.name, row.uid) && !isOurs(listed, row, owner);

/** A name that Berth gives to what is the container, whatever its slug is by now. */
export const isCurrentName = (name: string, uid: string): boolean =>
  isNameForUid(name, uid) && heldGenerationOf(name, uid) === null;

/** It says that it is ours, but no row knows it. Reported; removed only where a user's tombstone says so. */
export const isOrphan = (listed: ListedContainer, owner: Owner): boolean => {
  const uid = listed.labels[LABEL.uid];
  return uid !== undefined && bearsLabels(listed, uid, owner) && isNameForUid(listed.name, uid);
};

export const hasHold = (listed: ListedContainer, row: ContainerRow): boolean =>
  row.held.some((hold) => hold.engine_id === listed.id);

/**
 * Set aside by a recreate: recorded as held, whatever somebody has named it since. Of what is recorded as current too, or is
 * to be so again, only its name tells, for a crash may have come before or after the rename.
 */
export function isHeld(listed: ListedContainer, row: ContainerRow): boolean {
  if (!hasHold(listed, row)) return false;
  if (listed.id === row.status.engine_id) return heldGenerationOf(listed.name, row.uid) !== null;
  return !(isToBeRestored(listed, row) && isCurrentName(listed.name, row.uid));
}

/**
 * Set aside for all that the database knows, and bears a name of the container beside what is recorded as that: as where a
 * restore has come since what the database was restored from. It may hold the newest data.
 */
export const isNamedBeside = (held: ListedContainer, row: ContainerRow): boolean =>
  isCurrentName(held.name, row.uid) && !isToBeRestored(held, row);

function isToBeRestored({ id }: ListedContainer, row: ContainerRow): boolean {
  const restore = restoreOf(row);
  return restore?.engineId === id && row.status.abandoned_generation < restore.generation;
}

const bearsLabels = (listed: ListedContainer, uid: string, owner: Owner): boolean =>
  listed.labels[LABEL.installation] === owner.installation &&
  listed.labels[LABEL.machine] === owner.machine_id &&
  listed.labels[LABEL.uid] === uid;
