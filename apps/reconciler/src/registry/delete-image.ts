import { deleteImageRow, findDependents, sharesDigest } from "@berth/db/images/delete.ts";
import type { ImageRow } from "@berth/db/images/load.ts";
import { isBeingPushed } from "@berth/db/registry/push-fence.ts";
import { NotYetError } from "../failures.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { repositoryOf, tagOf } from "./registry-access.ts";
import type { RegistryWorker } from "./registry-worker.ts";

const PUSH_POLL_MS = 500;
const BLOCKED_POLL_MS = 60_000;

/**
 * Takes what nobody wants any more off the registry, then its row. What is deleted is the digest that was recorded, never
 * what its tag names by now; where another image has the same, only the tag goes. Its space comes back with the next
 * garbage collection, and machines clear their copies away when the row is gone.
 */
export async function deleteImage(worker: RegistryWorker, row: ImageRow): Promise<void> {
  const { context } = worker;
  const dependents = await findDependents(context.sql, row.image_id);
  if (dependents.length > 0) {
    const message = `It is still needed by ${dependents.join(", ")}.`;
    if (row.status.phase !== "Blocked" || row.status.message !== message)
      await worker.write(row, { phase: "Blocked", message });
    throw new NotYetError(message, BLOCKED_POLL_MS);
  }
  // One that is cut off may still arrive: it is let end, or be aborted by the machine that makes it.
  if (await isBeingPushed(context.sql, row.image_id))
    throw new NotYetError("a push of it has not ended yet", PUSH_POLL_MS);
  if (row.status.phase !== "Deleting") await worker.write(row, { phase: "Deleting", message: "", next_retry_at: null });
  await takeOff(worker, row);
  context.crash("after-registry-delete");
  const { is_gone, parent_image_id } = await deleteImageRow(context.sql, worker.fence(row), row.image_id);
  if (!is_gone) throw new NotYetError("something needs it again", PUSH_POLL_MS);
  context.announcer.add("image", row.image_id);
  if (parent_image_id === null) return;
  for (const parent of await context.loadImages({ image_ids: [parent_image_id] })) worker.look(parent, PRIORITY.event);
}

async function takeOff(worker: RegistryWorker, row: ImageRow): Promise<void> {
  const { sql } = worker.context;
  const repository = repositoryOf(row.name);
  const tag = tagOf(row.name);
  const registry = await worker.registry();
  const tagged = await registry.headManifest(repository, tag);
  // A push that was cut off has left a tag and nobody recorded its digest; a newer image may have taken the name since.
  const digest = row.status.digest ?? tagged?.digest ?? null;
  if (digest === null) return;
  const { digest: isShared, name: isNameTaken } = await sharesDigest(sql, row.image_id, { name: row.name, digest });
  if (!isShared) {
    if (row.status.digest !== null || !isNameTaken) await registry.deleteManifest(repository, digest);
    return;
  }
  if (isNameTaken || tagged?.digest !== digest) return;
  await registry.deleteManifest(repository, await registry.replaceByEmpty(repository, tag));
}
