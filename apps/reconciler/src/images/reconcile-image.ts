import { RegistryError } from "@berth/docker/registry/registry.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { type ImagePlan, type ObservedImageWork, planImage } from "../plan/images/plan-image.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { repositoryOf, tagOf } from "../registry/registry-access.ts";
import { executeImage } from "./execute-image.ts";
import { failForGood, failForNow, isFinal, writeStatus } from "./image-status.ts";
import { isImageThere } from "./is-there.ts";
import { desiredImageOf, type ImageOutcome, imageMemoryOf, type KnownImage, workReferenceOf } from "./known-image.ts";

const FAR_TOO_MANY_STEPS = 20;

/** One look at an image that is made on this machine. What takes long goes on as a job, whose end asks for the next look. */
export async function reconcileImage(session: MachineSession, known: KnownImage): Promise<void> {
  for (let steps = 0; ; steps++) {
    if (steps > FAR_TOO_MANY_STEPS) throw new Error(`image ${known.row.image_id} does not settle`);
    if (known.outcome !== null) await takeOutcome(session, known, known.outcome);
    const observed = await observe(session, known);
    const plan = planImage(desiredImageOf(known.row), imageMemoryOf(known), observed, session.now());
    keepPaused(session, known, plan);
    if (plan.action === null) {
      await observeGeneration(session, known);
      if (plan.wakeAt !== null) session.images.enqueue(known, PRIORITY.retry, Math.max(0, plan.wakeAt - session.now()));
      return;
    }
    session.log.info(
      { image_id: known.row.image_id, action: plan.action.type, cause: plan.action.cause },
      "image action",
    );
    if (!(await executeImage(session, known, plan.action))) return;
  }
}

async function observe(session: MachineSession, known: KnownImage): Promise<ObservedImageWork> {
  const { row } = known;
  const isOver = known.job !== null || row.desired === "absent" || row.status.observed_run >= row.run;
  if (isOver) return { isMade: false, tagDigest: null, origin: "there" };
  return {
    isMade: row.status.attempt > 0 && (await isImageThere(session, workOf(session, known))),
    tagDigest: row.status.digest === null ? null : await readTag(session, row.name),
    origin: row.recipe === null ? await readOrigin(session, known) : "there",
  };
}

async function readTag(session: MachineSession, name: string): Promise<string | null> {
  const registry = await session.context.registry.registry();
  if (!registry) throw new RegistryError("unreachable", "There is no registry to look at.");
  return (await registry.headManifest(repositoryOf(name), tagOf(name)))?.digest ?? null;
}

const workOf = ({ owner }: MachineSession, { row }: KnownImage): string =>
  workReferenceOf(owner.installation, row.image_id, row.status.attempt);

/** From a list, which answers while the engine holds the container's lock for a commit. */
async function readOrigin(session: MachineSession, { row }: KnownImage): Promise<ObservedImageWork["origin"]> {
  if (row.origin === null || row.origin.machine_id !== session.owner.machine_id) return "missing";
  const { uid, engine_id } = row.origin;
  const labels = { [LABEL.installation]: session.owner.installation, [LABEL.uid]: uid };
  const listed = await session.read(() => session.engine.listContainers({ labels }));
  const origin = listed.find(({ id }) => id === engine_id);
  if (!origin) return "missing";
  if (origin.state === "paused") return "paused";
  return row.is_for_move && origin.state !== "exited" && origin.state !== "created" ? "up" : "there";
}

/** While a commit may go on, the pause is its own, and the container's plan lets it be. */
function keepPaused(session: MachineSession, { row }: KnownImage, { isCommitting, action }: ImagePlan): void {
  const container = row.origin && session.containers.get(row.origin.uid);
  if (!container) return;
  const isSaving = isCommitting || action?.type === "commit";
  const wasSaving = container.savers.has(row.image_id);
  if (isSaving) container.savers.add(row.image_id);
  else container.savers.delete(row.image_id);
  if (wasSaving && !isSaving) session.enqueue(container.row.uid, PRIORITY.event);
}

async function takeOutcome(session: MachineSession, known: KnownImage, outcome: ImageOutcome): Promise<void> {
  const { kind, error, digest } = outcome;
  if (error === null) {
    known.failure = null;
    if (digest !== null) await writeStatus(session, known, { phase: "Verifying", message: "", digest });
  } else if (isFinal(kind, error)) await failForGood(session, known, error.message);
  else await failForNow(session, known, error);
  known.outcome = null;
}

/** Seen, though there is nothing to do about it now. */
async function observeGeneration(session: MachineSession, known: KnownImage): Promise<void> {
  const { row } = known;
  // Who removes it, and its registry's side, is the registry's key to do.
  if (row.desired === "absent" || row.status.observed_generation >= row.generation) return;
  await writeStatus(session, known, {});
}
