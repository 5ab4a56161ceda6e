import type { Tx } from "@berth/db/client.ts";
import type { RecreateConsent } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { keepContent } from "./keep-content.ts";
import type { LockedContainer } from "./lock.ts";

/**
 * The columns that record the owner's word for a recreate, good for engine containers older than the generation that
 * this very update makes. It takes the place of one for a restore; CONFLICT while that is not done, as what would be made
 * anew is not there yet. `preserve` has the content committed, and points the container to that image.
 */
export async function consentTo(tx: Tx, container: LockedContainer, recreate: RecreateConsent) {
  await refuseDuringRestore(tx, container);
  return {
    recreate,
    recreate_generation: container.generation + 1,
    restore_engine_id: null,
    ...(recreate === "preserve" && { image_id: await keepContent(tx, container) }),
  };
}

async function refuseDuringRestore(tx: Tx, { container_id }: LockedContainer): Promise<void> {
  const { recreate, recreate_generation, restore_engine_id, status } = await tx.containers.findUniqueOrThrow({
    where: { container_id },
    select: { recreate: true, recreate_generation: true, restore_engine_id: true, status: true },
  });
  const isDue =
    recreate === null && restore_engine_id !== null && (status?.abandoned_generation ?? 0) < recreate_generation;
  if (isDue) throw new DomainError("CONFLICT", "The container is still being restored: try again after that.");
}
