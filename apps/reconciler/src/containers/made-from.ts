import { type Applied, type ContainerRow, type HeldRow, MadeFrom } from "@berth/db/containers/load.ts";
import type { Limits } from "../plan/types.ts";
import { specHashOf } from "./spec-hash.ts";

export const NOTHING_APPLIED: Applied = { memory_bytes: null, nano_cpus: null, made_from: null };

/** What a container is made from now, in the order in which the database has it, so that equal ones compare equal. */
export const madeFromOf = ({ image_id, incarnation, spec, placement }: ContainerRow): MadeFrom =>
  MadeFrom.parse({ image_id, incarnation, spec, gpu_uuids: placement.gpu_uuids, ports: placement.ports });

export const withMadeFrom = (applied: Applied | null, row: ContainerRow): Applied | null =>
  applied && { ...applied, made_from: madeFromOf(row) };

export const withLimits = (applied: Applied | null, { memoryBytes, nanoCpus }: Limits): Applied => ({
  memory_bytes: memoryBytes,
  nano_cpus: nanoCpus,
  made_from: applied?.made_from ?? null,
});

/** What was set aside knows nothing of the limits that changed since. */
export const appliedOfHeld = (hold: HeldRow | undefined): Applied => ({
  ...NOTHING_APPLIED,
  made_from: hold?.made_from ?? null,
});

/** What the container with this `berth.spec` label was made from; null where what was noted is another's. */
export function ownMadeFrom(applied: Applied | null, specHash: string): MadeFrom | null {
  const noted = applied?.made_from ?? null;
  return noted && specHashOf(noted) === specHash ? noted : null;
}
