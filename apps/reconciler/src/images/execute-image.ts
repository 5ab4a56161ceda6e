import { recordBase } from "@berth/db/images/record-base.ts";
import { deleteBlob } from "@berth/db/blobs/blob.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { LeaseLostError } from "../failures.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { ImageAction } from "../plan/images/plan-image.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { repositoryOf } from "../registry/registry-access.ts";
import { costOfRun, inRunScope } from "../run-scope.ts";
import { buildWork } from "./build-work.ts";
import { commitWork } from "./commit-work.ts";
import { type ImageJob, type ImageOutcome, type KnownImage, workReferenceOf } from "./known-image.ts";
import { mirrorWork } from "./mirror-work.ts";
import { pushWork } from "./push-work.ts";
import { failForGood, writeStatus } from "./image-status.ts";

const PHASE = { commit: "Committing", build: "Building", mirror: "Mirroring" } as const;
const MAKE = { commit: commitWork, build: buildWork, mirror: mirrorWork };

/** True where the next step may follow at once; false where something was begun that asks for the next look itself. */
export async function executeImage(session: MachineSession, known: KnownImage, action: ImageAction): Promise<boolean> {
  switch (action.type) {
    case "abort":
      known.job?.aborting.abort();
      return false;

    case "commit":
    case "build":
    case "mirror":
      await begin(session, known, action.type, action.attempt);
      return false;

    case "push":
      if (known.row.status.phase !== "Pushing")
        await writeStatus(session, known, { phase: "Pushing", message: "", progress: 0, total: null });
      start(session, known, "push", (signal) => pushWork(session, known, signal));
      return false;

    case "forgetDigest":
      await writeStatus(session, known, { digest: null });
      return true;

    case "finish":
      await finish(session, known, action.digest);
      return true;

    case "fail":
      await failForGood(session, known, action.message);
      return true;
  }
}

/** The attempt is numbered and told before it is sent: whatever then ends under that number is ours. */
async function begin(
  session: MachineSession,
  known: KnownImage,
  kind: "commit" | "build" | "mirror",
  attempt: number,
): Promise<void> {
  const reference = workReferenceOf(session.owner.installation, known.row.image_id, attempt);
  await session.images.expect(known.row.image_id, reference);
  known.isAttemptOver = false;
  await writeStatus(session, known, {
    phase: PHASE[kind],
    message: "",
    progress: null,
    total: null,
    next_retry_at: null,
    attempt,
    attempt_at: new Date(session.now()),
  });
  session.crash("after-attempt");
  start(session, known, kind, async (signal) => {
    await MAKE[kind](session, known, reference, signal);
    session.crash("after-made");
    return null;
  });
}

/** Runs `work` beside the keys; its end asks for the next look. */
function start(
  session: MachineSession,
  known: KnownImage,
  kind: ImageJob["kind"],
  work: (signal: AbortSignal) => Promise<string | null>,
): void {
  const job: ImageJob = { kind, aborting: new AbortController() };
  known.job = job;
  const signal = AbortSignal.any([job.aborting.signal, session.closing]);
  void inRunScope(async () => {
    const digest = await work(signal);
    session.log.info({ image_id: known.row.image_id, kind, ...costOfRun() }, "image work done");
    return digest;
  })
    .then(
      (digest): ImageOutcome => ({ kind, error: null, digest }),
      (error: unknown): ImageOutcome => ({ kind, error: error ?? new Error("it failed"), digest: null }),
    )
    .then((outcome) => {
      known.job = null;
      // Who aborted it, or has the lease now, says what becomes of it.
      const isAbandoned = job.aborting.signal.aborted || outcome.error instanceof LeaseLostError;
      if (!isAbandoned) known.outcome = outcome;
      known.isAttemptOver = !(kind === "commit" && isUnknown(outcome.error));
      session.images.enqueue(known, PRIORITY.event);
    });
}

/** Nobody knows what became of a commit whose answer did not come. */
const isUnknown = (error: unknown): boolean =>
  error instanceof EngineError && (error.kind === "unreachable" || error.kind === "closed");

async function finish(session: MachineSession, known: KnownImage, digest: string): Promise<void> {
  const { row } = known;
  const registry = await session.context.registry.registry();
  const described = await registry?.describe(repositoryOf(row.name), digest);
  if (!described) throw new Error("the registry does not describe what it has just shown");
  if (row.recipe?.type === "build" && row.recipe.git !== null) {
    const layers = described.layers.map((layer) => layer.digest);
    await recordBase(session.sql, session.fence(), { image_id: row.image_id, layers });
  }
  await writeStatus(session, known, {
    phase: "Ready",
    message: "",
    size: described.size_bytes,
    layers: described.layers,
    progress: described.size_bytes,
    total: described.size_bytes,
    observed_run: row.run,
    attempt_at: null,
    next_retry_at: null,
  });
  session.crash("after-ready");
  session.tellImage(row.image_id, "normal", "Ready", `It is on the registry as ${digest}.`);
  // A machine that runs containers keeps what it has made; a mere builder has no use for it.
  if (session.row.runs_containers)
    await session.images.note({ reference: row.reference, image_id: row.image_id, state: "present" });
  await endWork(session, known);
}

/** Nothing that it was made from, or by, stays behind. */
async function endWork(session: MachineSession, { row }: KnownImage): Promise<void> {
  await session.images.clearWork(row.image_id);
  if (row.recipe?.type === "build" && row.recipe.blob_id !== null) await deleteBlob(session.sql, row.recipe.blob_id);
}
