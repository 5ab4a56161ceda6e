import { finishRemoval } from "@berth/db/containers/finish-removal.ts";
import { forgetHolds, recordHold } from "@berth/db/containers/hold.ts";
import type { Applied, HeldRow } from "@berth/db/containers/load.ts";
import { endRunsBefore, openCreate, stillWants } from "@berth/db/containers/write-status.ts";
import { recordCommitted } from "@berth/db/images/record-committed.ts";
import { type CreateContainerBody, EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { LeaseLostError, NotYetError, StaleRowError } from "../failures.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { awaitsRestart, restoreDue } from "../plan/facts.ts";
import type { Action, Limits } from "../plan/types.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { ContainerRun } from "./container-run.ts";
import { createBody } from "./create-body.ts";
import { toDesired } from "./desired.ts";
import { isUnderRecreate, memoryOf, recordCrash } from "./known-container.ts";
import { makeMissingDirectory, prepareVolumes } from "./prepare-mounts.ts";
import { putKeys } from "./put-keys.ts";
import { appliedOfHeld, madeFromOf, NOTHING_APPLIED, ownMadeFrom, withLimits } from "./made-from.ts";

const STOP_GRACE_S = 10;
const COMMIT_DEADLINE_MS = 600_000;
const REMOVAL_POLL_MS = 500;
/** How long what a recreate set aside is kept. */
const HOLD_MS = 24 * 3_600_000;

/**
 * One action, one engine call; decisions belong in the plan. Returns false where the rest of the plan must wait for
 * something that was begun, or learned, here.
 */
export async function execute(run: ContainerRun, action: Action): Promise<boolean> {
  const { session, known, draft } = run;
  const { engine, crash } = session;
  switch (action.type) {
    case "checkImage":
      await checkImage(run, action.reference);
      return false;

    case "pullImage":
      beginPull(run, action.reference);
      return false;

    case "createContainer":
      await create(run);
      return true;

    case "startContainer":
      await start(run, action.engineId, action.cause);
      return true;

    case "stopContainer":
      await stopContainer(run, action.engineId);
      crash("after-stop");
      return true;

    case "unpauseContainer":
      await session.mutate(() => engine.unpauseContainer(action.engineId));
      return true;

    case "updateContainer":
      await session.mutate(() => engine.updateContainer(action.engineId, toEngineLimits(action.limits)));
      draft.applied = withLimits(draft.applied, action.limits);
      return true;

    case "renameContainer":
      await rename(run, action.engineId, action.name);
      return true;

    case "putKeys":
      await putKeys(run, action.engineId);
      return true;

    case "commitContainer":
      await commit(run, action.engineId, action.reference);
      return true;

    case "setAsideContainer":
      await setAside(run, action);
      return true;

    case "putBackContainer":
      await mutateWanted(run, () => engine.renameContainer(action.engineId, action.name));
      crash("after-put-back");
      draft.applied = appliedOfHeld(holdOf(run, action.engineId));
      await forgetHolds(session.sql, session.fence(), [action.engineId]);
      known.row.held = known.row.held.filter((hold) => hold.engine_id !== action.engineId);
      giveUp(run);
      return true;

    case "restoreContainer":
      await assertWanted(run);
      await rename(run, action.engineId, action.name);
      crash("after-restore");
      takeBack(run, action.engineId);
      return true;

    case "acceptRestored":
      takeBack(run, action.engineId);
      return true;

    case "abandonRecreate":
    case "abandonRestore":
      giveUp(run);
      return true;

    case "removeContainer":
      await remove(run, action.engineId);
      return true;

    case "finishRemoval":
      if (!(await finishRemoval(session.pool, session.fence(), known.row.container_id))) throw new StaleRowError();
      crash("after-finish");
      run.isFinished = true;
      return false;
  }
}

/** The last look at the row before something that ends or removes: the owner still wants this, and the lease is ours. */
async function assertWanted({ session, known, desired }: ContainerRun): Promise<void> {
  if (!(await stillWants(session.sql, session.fence(), known.row.container_id, desired.generation)))
    throw new StaleRowError();
}

/** Once it has its turn on the engine: its owner may have said otherwise while it waited for that. */
const mutateWanted = <Result>(run: ContainerRun, work: () => Promise<Result>): Promise<Result> =>
  run.session.mutate(async () => {
    await assertWanted(run);
    run.session.fence();
    return work();
  });

async function checkImage({ session, known, desired }: ContainerRun, reference: string): Promise<void> {
  try {
    await session.read(() => session.engine.inspectImage(reference));
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
    known.image = { state: "absent" };
    return;
  }
  known.image = { state: "present" };
  // Whoever committed it may have ended before it could say so.
  if (desired.image.fromCommit === "own") await tellCommitted(session, known.row.image_id);
}

async function tellCommitted(session: MachineSession, imageId: number): Promise<void> {
  if (await recordCommitted(session.sql, session.fence(), imageId)) session.context.announcer.add("image", imageId);
}

function beginPull({ session, known }: ContainerRun, reference: string): void {
  known.image = { state: "pulling" };
  const { image: wanted, image_id } = known.row;
  session.pulls.begin({ reference, image_id: wanted.on_registry ? image_id : null }, (image) => {
    session.crash("after-pull");
    // The owner may want another image by now.
    if (toDesired(known.row).image.reference === reference) known.image = image;
    session.enqueue(known.row.uid, PRIORITY.event);
  });
}

/** Once it is answered no start of it is under way: the engine finishes that first. */
export async function stopContainer(run: ContainerRun, engineId: string): Promise<void> {
  await mutateWanted(run, () => run.session.engine.stopContainer(engineId, STOP_GRACE_S));
  run.known.surelyDown = engineId;
}

async function create(run: ContainerRun): Promise<void> {
  const { session, known, desired, draft } = run;
  known.hasCreated = true;
  const isFirst = draft.create_open && draft.applied === null;
  draft.applied = withLimits({ ...NOTHING_APPLIED, made_from: madeFromOf(known.row) }, desired.limits);
  // A new row says it already, and nobody must wait for that to be written again.
  if (!isFirst) await declareCreate(run, draft.applied);
  session.crash("after-intent");
  const body = createBody(known.row, desired, session.owner, session.memoryBytes);
  try {
    await prepareVolumes(run);
    const created = await createWithDirectories(run, body);
    session.disk.end();
    if (known.row.image.on_registry) session.images.touch(known.row.image_id);
    run.createdId = created.id;
    known.createdId = created.id;
    known.image = { state: "present" };
  } catch (error) {
    if (error instanceof EngineError && error.kind === "conflict") noteNameTaken(run);
    if (error instanceof EngineError && error.kind === "not_found") known.image = { state: "absent" };
    throw error;
  }
  session.crash("after-create");
}

/** What was recorded may be there after all, unseen by a list that left it out, with limits from before. */
function noteNameTaken({ known, draft }: ContainerRun): void {
  known.nameTaken = true;
  if (draft.engine_id !== null) draft.applied = { ...NOTHING_APPLIED, made_from: draft.applied?.made_from ?? null };
}

/** Tried again after each directory that was missing and could be made. */
async function createWithDirectories(run: ContainerRun, body: CreateContainerBody): Promise<{ id: string }> {
  const { session, known, desired } = run;
  const tryIt = () => session.mutate(() => session.engine.createContainer(desired.engineName, body));
  for (let left = known.row.mounts.length; left > 0; left -= 1) {
    try {
      return await tryIt();
    } catch (error) {
      await makeMissingDirectory(run, error);
    }
  }
  return tryIt();
}

async function declareCreate({ session, known, draft }: ContainerRun, applied: Applied): Promise<void> {
  const { container_id } = known.row;
  const version = await openCreate(session.sql, session.fence(), { container_id, version: draft.version, applied });
  if (version === null) throw new StaleRowError();
  draft.version = version;
  draft.create_open = true;
  known.row.status = { ...known.row.status, version, create_open: true, applied };
}

async function start(run: ContainerRun, engineId: string | null, cause: string): Promise<void> {
  const { session, known, draft } = run;
  const target = engineId ?? run.createdId;
  if (target === null) throw new Error("a plan started what it did not create");
  const isAfterExit = cause.startsWith("exited");
  if (isAfterExit) draft.restarts += 1;
  await endEarlierRuns(run);
  known.surelyDown = null;
  try {
    await session.mutate(() => session.engine.startContainer(target));
  } catch (error) {
    // Being removed by hand: the list will tell when it is gone.
    if (error instanceof EngineError && error.kind === "conflict")
      throw new NotYetError(error.message, REMOVAL_POLL_MS);
    const isRefused = error instanceof EngineError && (error.kind === "failed" || error.kind === "rejected");
    // A recreate counts its failures: while it pauses, its owner has nothing that runs.
    if (isRefused && !isUnderRecreate(known)) recordCrash(known, session.now(), session.random());
    throw error;
  }
  if (isAfterExit) recordCrash(known, session.now(), session.random());
  else known.lastStartAt = session.now();
  draft.started_run = known.row.run;
  draft.ssh_keys = null;
  session.stoppedByHand.delete(target);
  session.crash("after-start");
}

/** Before a start, so that what is up after it is not taken for what a restart has still to stop. */
async function endEarlierRuns({ session, known, desired, draft }: ContainerRun): Promise<void> {
  if (!awaitsRestart(desired, memoryOf(known, draft))) return;
  const { container_id } = known.row;
  const run = desired.restartRun;
  const version = await endRunsBefore(session.sql, session.fence(), { container_id, version: draft.version, run });
  if (version === null) throw new StaleRowError();
  draft.version = version;
  draft.completed_run = run - 1;
  known.row.status = { ...known.row.status, version, completed_run: run - 1 };
}

async function commit(run: ContainerRun, engineId: string, reference: string): Promise<void> {
  const { session, known } = run;
  const colon = reference.lastIndexOf(":");
  known.committing = true;
  try {
    await session.commit(() =>
      session.engine.commitContainer(
        engineId,
        {
          repository: reference.slice(0, colon),
          tag: reference.slice(colon + 1),
          labels: { [LABEL.operation]: `${known.row.uid}/${known.row.generation}` },
        },
        { deadlineMs: COMMIT_DEADLINE_MS },
      ),
    );
  } finally {
    known.committing = false;
  }
  session.crash("after-commit");
  known.image = { state: "present" };
  // So that it goes from the machine when its row goes.
  await session.images.note({ reference, image_id: known.row.image_id, state: "present" });
  await tellCommitted(session, known.row.image_id);
}

async function rename({ session, known }: ContainerRun, engineId: string, name: string): Promise<void> {
  try {
    await session.mutate(() => session.engine.renameContainer(engineId, name));
  } catch (error) {
    if (error instanceof EngineError && error.kind === "conflict") known.nameTaken = true;
    throw error;
  }
}

/** A recreate, or a restore: the container stays, or is again, what it was. */
function giveUp({ known, desired, draft }: ContainerRun): void {
  if (restoreDue(desired, memoryOf(known, draft)) !== null) known.restoreFailedGeneration = desired.generation;
  draft.abandoned_generation = desired.consent?.generation ?? desired.generation;
  // Berth stopped it, so that is no end of its run; and the pause was the new one's.
  draft.started_run = Math.min(draft.started_run, known.row.run - 1);
  known.startNotBefore = 0;
  known.recreateFailures = 0;
}

/** What was set aside is the container from now on; its hold ends with the write that says so. */
function takeBack(run: ContainerRun, engineId: string): void {
  const { known, desired, draft } = run;
  run.restoredId = engineId;
  draft.engine_id = engineId;
  draft.applied = appliedOfHeld(holdOf(run, engineId));
  draft.abandoned_generation = desired.restore?.generation ?? desired.generation;
  // Berth stopped it when it set it aside, so that is no end of its run.
  draft.started_run = Math.min(draft.started_run, known.row.run - 1);
  known.startNotBefore = 0;
  known.recreateFailures = 0;
}

const holdOf = ({ known }: ContainerRun, engineId: string): HeldRow | undefined =>
  known.row.held.find((held) => held.engine_id === engineId);

async function setAside(run: ContainerRun, action: Extract<Action, { type: "setAsideContainer" }>): Promise<void> {
  const { session, known, draft } = run;
  await assertWanted(run);
  const { generation } = action;
  // One that has a hold already keeps what that says.
  const before = holdOf(run, action.engineId);
  const made_from = before ? before.made_from : ownMadeFrom(draft.applied, action.specHash);
  const isRecorded = await recordHold(session.sql, session.fence(), {
    engine_id: action.engineId,
    container_id: known.row.container_id,
    machine_id: session.owner.machine_id,
    generation,
    made_from,
    holdMs: HOLD_MS,
  });
  if (!isRecorded) throw new LeaseLostError();
  const held_until = new Date(session.now() + HOLD_MS);
  const others = known.row.held.filter((hold) => hold !== before);
  known.row.held = [...others, { engine_id: action.engineId, generation, held_until, made_from }];
  session.crash("after-hold");
  await mutateWanted(run, () => session.engine.renameContainer(action.engineId, action.name));
  session.crash("after-set-aside");
}

async function remove(run: ContainerRun, engineId: string): Promise<void> {
  const { session } = run;
  try {
    await mutateWanted(run, () => session.engine.removeContainer(engineId));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === "conflict") throw new NotYetError(error.message, REMOVAL_POLL_MS);
    // It is what was wanted; the list decides whether it is so.
    if (error.kind !== "not_found") throw error;
  }
  session.crash("after-remove");
}

const toEngineLimits = (limits: Limits): { memory_bytes: number; nano_cpus: number } => ({
  memory_bytes: limits.memoryBytes,
  nano_cpus: limits.nanoCpus,
});
