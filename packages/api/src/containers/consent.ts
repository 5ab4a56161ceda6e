import type { Tx } from "@berth/db/client.ts";
import type { RecreateConsent } from "@berth/spec/container.ts";
import { keepContent } from "./keep-content.ts";
import type { LockedContainer } from "./lock.ts";

/**
 * The columns that record the owner's word for a recreate, good for engine containers older than the generation that
 * this very update makes. `preserve` has the content committed, and points the container to that image.
 */
export async function consentTo(tx: Tx, container: LockedContainer, recreate: RecreateConsent) {
  return {
    recreate,
    recreate_generation: container.generation + 1,
    ...(recreate === "preserve" && { image_id: await keepContent(tx, container) }),
  };
}
