import type { Tx } from "@berth/db/client.ts";
import type { RecreateConsent } from "@berth/spec/container.ts";
import { findDueRestore, stillBeingRestored } from "./find-due-restore.ts";
import { keepContent } from "./keep-content.ts";
import type { LockedContainer } from "./lock.ts";

/**
 * The columns that record the owner's word for a recreate, good for engine containers older than the generation that
 * this very update makes. It takes the place of one for a restore; CONFLICT while that is not done, as what would be made
 * anew is not there yet. `preserve` has the content committed, without what is mounted, and points the container to that
 * image.
 */
export async function consentTo(
  tx: Tx,
  container: LockedContainer,
  recreate: RecreateConsent,
  mounted: string[] | null,
) {
  if ((await findDueRestore(tx, container)) !== null) throw stillBeingRestored();
  return {
    recreate,
    recreate_generation: container.generation + 1,
    restore_engine_id: null,
    ...(recreate === "preserve" && { image_id: await keepContent(tx, container, mounted) }),
  };
}
