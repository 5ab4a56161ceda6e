import { StaleRowError } from "../failures.ts";
import { endsQuietly } from "../containers/reconcile-container.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { failForNow } from "./image-status.ts";
import type { KnownImage } from "./known-image.ts";
import { reconcileImage } from "./reconcile-image.ts";

const AGAIN_MS = 1_000;

/** The queue's run of `i/<image>`, on the machine on which it is made. */
export async function runImage(session: MachineSession, imageId: number): Promise<void> {
  const { images } = session;
  const known = images.making.get(imageId);
  if (!known || session.identity.state !== "confirmed") return; // the machine's own key asks again
  // What is tried again is read again: the registry's address is part of the row, and no notice tells of another one.
  const isToRead = known.isStale || (known.failure !== null && known.job === null);
  try {
    if (isToRead && !(await reload(session, known))) return;
    await reconcileImage(session, known);
    if (images.isFinished(known)) images.making.delete(imageId);
  } catch (error) {
    if (session.closing.aborted) return;
    known.isStale = true;
    if (error instanceof StaleRowError) return images.enqueue(known, PRIORITY.user);
    // The lease may be back in a moment, with no other notice of it.
    if (endsQuietly(error)) return images.enqueue(known, PRIORITY.retry, AGAIN_MS);
    await tellFailure(session, known, error);
  }
}

async function tellFailure(session: MachineSession, known: KnownImage, error: unknown): Promise<void> {
  try {
    await failForNow(session, known, error);
  } catch (again) {
    session.log.warn({ err: again, image_id: known.row.image_id }, "an image's failure could not be told");
    session.images.enqueue(known, PRIORITY.retry, AGAIN_MS);
  }
  if (known.failure) session.images.enqueue(known, PRIORITY.retry, Math.max(0, known.failure.retryAt - session.now()));
}

async function reload(session: MachineSession, known: KnownImage): Promise<boolean> {
  const [row] = await session.context.loadImages({ image_ids: [known.row.image_id] });
  if (!row || row.machine_id !== session.row.machine_id) {
    session.images.forget(known.row.image_id);
    return false;
  }
  known.row = row;
  known.isStale = false;
  return true;
}

/** The queue's run of `p/<machine>`. */
export async function runPlaces(session: MachineSession): Promise<void> {
  if (session.identity.state !== "confirmed") return;
  try {
    await session.images.run();
  } catch (error) {
    if (session.closing.aborted) return;
    if (!endsQuietly(error)) session.log.warn({ err: error }, "images could not be cleared away");
    session.images.retryPlaces();
  }
}
