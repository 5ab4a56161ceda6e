import type { ImageStatusRow } from "@berth/db/images/load.ts";
import { writeImageStatus } from "@berth/db/images/write-status.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { StaleRowError } from "../failures.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { type ImagePlan, type ObservedImageWork, planImage } from "../plan/images/plan-image.ts";
import { backoffMs, CRASH_LOOP } from "../queue/backoff.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { repositoryOf, tagOf } from "../registry/registry-access.ts";
import { executeImage } from "./execute-image.ts";
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
  return origin.state === "paused" ? "paused" : "there";
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
  } else if (isFinal(kind, error)) await failForGood(session, known, messageOf(error));
  else await failForNow(session, known, error);
  known.outcome = null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What trying again does not mend: a step of a build failed, or another registry has no such image, or keeps it to itself. */
function isFinal(kind: ImageOutcome["kind"], error: unknown): boolean {
  if (!(error instanceof EngineError) || isSpaceLacking(error)) return false;
  if (kind === "build") return error.kind !== "unreachable" && error.kind !== "closed";
  return kind === "mirror" && (error.kind === "not_found" || error.kind === "rejected");
}

export const isSpaceLacking = (error: unknown): boolean =>
  error instanceof Error && /no space left on device|disk quota exceeded/i.test(error.message);

/** Nothing more is tried until its owner asks for it. */
export async function failForGood(session: MachineSession, known: KnownImage, message: string): Promise<void> {
  const { run, image_id } = known.row;
  await writeStatus(session, known, { phase: "Failed", message, observed_run: run, next_retry_at: null });
  session.tellImage(image_id, "warning", "Failed", message);
  await session.images.clearWork(image_id);
}

/** Seen, though there is nothing to do about it now. */
async function observeGeneration(session: MachineSession, known: KnownImage): Promise<void> {
  const { row } = known;
  // Who removes it, and its registry's side, is the registry's key to do.
  if (row.desired === "absent" || row.status.observed_generation >= row.generation) return;
  await writeStatus(session, known, {});
}

/** Writes what is new in `changes`; throws StaleRowError where somebody else wrote meanwhile. */
export async function writeStatus(
  session: MachineSession,
  known: KnownImage,
  changes: Partial<ImageStatusRow>,
): Promise<void> {
  const { row } = known;
  const status = { ...row.status, ...changes, observed_generation: row.generation };
  const version = await writeImageStatus(session.sql, session.fence(), row.image_id, status);
  if (version === null) throw new StaleRowError();
  row.status = { ...status, version };
  session.context.announcer.add("image", row.image_id);
}

/** What failed is told, and tried again later. */
export async function failForNow(session: MachineSession, known: KnownImage, error: unknown): Promise<void> {
  const count = (known.failure?.count ?? 0) + 1;
  const message = messageOf(error);
  const delayMs = backoffMs(CRASH_LOOP, count, session.random());
  known.failure = { count, message, retryAt: session.now() + delayMs };
  session.log.warn({ image_id: known.row.image_id, err: error }, "an image is not made yet");
  await writeStatus(session, known, { message, next_retry_at: new Date(known.failure.retryAt) });
  session.tellImage(known.row.image_id, "warning", "Retrying", message);
}
