import type { Tx } from "@berth/db/client.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { LockedContainer } from "./lock.ts";

/** The engine container that is to be this container again, while that is neither done nor given up; null for none. */
export async function findDueRestore(tx: Tx, { container_id }: LockedContainer): Promise<string | null> {
  const { recreate, recreate_generation, restore_engine_id, status } = await tx.containers.findUniqueOrThrow({
    where: { container_id },
    select: { recreate: true, recreate_generation: true, restore_engine_id: true, status: true },
  });
  const isDue = recreate === null && (status?.abandoned_generation ?? 0) < recreate_generation;
  return isDue ? restore_engine_id : null;
}

export const stillBeingRestored = (): DomainError =>
  new DomainError("CONFLICT", "The container is still being restored: try again after that.");
