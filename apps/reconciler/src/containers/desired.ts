import type { ContainerRow } from "@berth/db/containers/load.ts";
import { engineNameOf } from "@berth/spec/engine-names.ts";
import { specHashOf } from "./spec-hash.ts";
import type { DesiredContainer, Restore } from "../plan/types.ts";

const MIB = 1_048_576;

/** Rows are replaced, never changed in what is wanted; a look at a whole machine reads each of them again. */
const known = new WeakMap<ContainerRow, DesiredContainer>();

/** A container's row as the planner reads it. */
export function toDesired(row: ContainerRow): DesiredContainer {
  const before = known.get(row);
  if (before) return before;
  const desired = read(row);
  known.set(row, desired);
  return desired;
}

function read(row: ContainerRow): DesiredContainer {
  return {
    uid: row.uid,
    engineName: engineNameOf(row.name, row.uid),
    generation: row.generation,
    desired: (row.is_waiting || row.is_moving) && row.desired === "running" ? "stopped" : row.desired,
    onLoss: row.on_loss,
    restart: row.spec.restart,
    run: row.run,
    restartRun: row.restart_run,
    specHash: specHashOf({
      image_id: row.image_id,
      incarnation: row.incarnation,
      spec: row.spec,
      gpu_uuids: row.placement.gpu_uuids,
      ports: row.placement.ports,
    }),
    limits: {
      memoryBytes: (row.spec.memory ?? 0) * MIB,
      nanoCpus: Math.round((row.spec.cpus ?? 0) * 1e9),
    },
    image: {
      reference: pinnedReference(row.image),
      fromCommit: row.image.source === "commit" && !row.image.on_registry ? (row.image.is_own ? "own" : "other") : null,
    },
    consent: row.recreate === null ? null : { mode: row.recreate, generation: row.recreate_generation },
    restore: restoreOf(row),
    keysHash: row.ssh_keys_hash,
  };
}

/** A word for a recreate takes the place of one for a restore. */
export const restoreOf = ({ recreate, recreate_generation, restore_engine_id }: ContainerRow): Restore | null =>
  recreate === null && restore_engine_id !== null
    ? { engineId: restore_engine_id, generation: recreate_generation }
    : null;

/** By digest where one is known: a tag may be moved behind our back. */
function pinnedReference({ reference, digest }: ContainerRow["image"]): string {
  if (digest === null || reference.includes("@")) return reference;
  return `${reference.replace(/:[^/:]+$/, "")}@${digest}`;
}
