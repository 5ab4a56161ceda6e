import { forgetHolds } from "@berth/db/containers/hold.ts";
import { writeContainerStatus } from "@berth/db/containers/write-status.ts";
import { releaseGpus, releaseSurplus } from "@berth/db/placement/release.ts";
import { inTransaction } from "@berth/db/sql.ts";
import { type Condition, mergeConditions } from "@berth/spec/condition.ts";
import { StaleRowError } from "../failures.ts";
import { acceptedEngineId, awaitsRestart, isUp } from "../plan/facts.ts";
import { type Failure, toStatus } from "../plan/status.ts";
import type { EngineContainer, ObservedContainer, Plan } from "../plan/types.ts";
import type { ContainerRun } from "./container-run.ts";
import { stopContainer } from "./execute.ts";
import { memoryOf } from "./known-container.ts";
import { appliedOfHeld, ownMadeFrom, withMadeFrom } from "./made-from.ts";

/** Computes the status from what was observed last and writes it, where anything of it changed. */
export async function settle(
  run: ContainerRun,
  observed: ObservedContainer,
  next: Plan,
  failure: Failure | null,
  nextRetryAt: number | null,
): Promise<void> {
  const { session, known, desired, draft } = run;
  const { row } = known;
  const { current } = observed;
  const shown = toStatus(desired, observed, next, failure);
  const memory = memoryOf(known, draft);
  const engineId = acceptedEngineId(desired, observed, memory);
  const isRecorded = current !== null && engineId === current.engineId;
  const isAsWanted = isRecorded && current.specHash === desired.specHash;
  const isDone = next.actions.length === 0 && failure === null;
  const isDown = next.standing === "stopped" || next.standing === "completed";
  // Written before a rename that did not come, or of one that somebody has given its name again: it is not set aside.
  const hold = isRecorded ? row.held.find((held) => held.engine_id === current.engineId) : undefined;
  const isHoldOver = hold !== undefined && isDone;
  const unheldId = run.restoredId ?? (isHoldOver ? hold.engine_id : null);
  const applied = hold && draft.engine_id !== hold.engine_id ? appliedOfHeld(hold) : draft.applied;
  const madeFrom = isRecorded ? ownMadeFrom(applied, current.specHash) : null;

  const status = {
    phase: shown.phase,
    running: shown.running,
    message: shown.message.slice(0, 2_000),
    engine_id: engineId,
    image_id: isAsWanted ? row.image_id : (madeFrom?.image_id ?? row.status.image_id),
    create_open: draft.create_open && !isRecorded,
    applied: isAsWanted ? withMadeFrom(applied, row) : applied,
    started_run: current && isUp(current) && !awaitsRestart(desired, memory) ? row.run : draft.started_run,
    completed_run: next.standing === "completed" ? row.run : draft.completed_run,
    abandoned_generation: draft.abandoned_generation,
    ssh_keys: draft.ssh_keys,
    restarts: draft.restarts,
    exit_code: shown.exitCode,
    next_retry_at: nextRetryAt === null ? null : new Date(nextRetryAt),
    conditions: mergeConditions(row.status.conditions, shown.claims, new Date(session.now())),
    // Seen, though perhaps not reached: what blocks it is in the phase and the conditions. A move ends by it, and not as
    // long as what it leaves is up: one that is paused does not run, and is not down.
    observed_generation: row.is_moving && current && isUp(current) ? row.status.observed_generation : row.generation,
  };
  // Before the status says so: a crash in between must not leave them taken. One that moves keeps them until it has
  // arrived: it may have to stay.
  if (isDone && isDown && !row.is_moving) await giveBackGpus(run, next.standing === "stopped" ? current : null);
  if (isDone && (isDown || current?.specHash === desired.specHash)) await giveBackSurplus(run);
  if (!isSame(status, row.status) || isHoldOver) {
    const version = await writeContainerStatus(session.sql, session.fence(), {
      container_id: row.container_id,
      uid: row.uid,
      version: draft.version,
      ...status,
      unheld_id: unheldId,
    });
    if (version === null) throw new StaleRowError();
    session.context.announcer.add("container", row.container_id);
    session.crash("after-status");
    tellNewConditions(run, status.conditions, engineId);
    row.status = { ...status, version };
    row.held = row.held.filter((held) => held.engine_id !== unheldId);
  }
  if (row.is_moving && isDown) session.context.settlePlacements();
  if (current && isUp(current)) known.recreateFailures = 0;
  await forgetGoneHolds(run, observed);
}

/** Each is told once, however long it holds. */
function tellNewConditions(
  { session, known }: ContainerRun,
  conditions: readonly Condition[],
  engineId: string | null,
): void {
  const { uid, status } = known.row;
  for (const { type, reason, message } of conditions) {
    const isTold = status.conditions.some((before) => before.type === type);
    const isLostAgain = type === "DataLost" && status.engine_id !== engineId && status.engine_id !== null;
    if (isTold && !isLostAgain) continue;
    session.context.told.tell({ noun: "container", id: uid, kind: "warning", reason, message });
  }
}

/** Retry times are jittered anew with each look: they alone are no news worth a write. */
function isSame<Status extends { next_retry_at: Date | null }>(status: Status, before: Status): boolean {
  return Object.keys(status).every((key) => {
    const name = key as keyof Status;
    if (key === "next_retry_at") return (status.next_retry_at === null) === (before.next_retry_at === null);
    return JSON.stringify(status[name]) === JSON.stringify(before[name]);
  });
}

/** A hold whose container two looks in a row did not see protects nothing any more. */
async function forgetGoneHolds({ session, known }: ContainerRun, observed: ObservedContainer): Promise<void> {
  const present = new Set([observed.current?.engineId, ...observed.held.map((held) => held.engineId)]);
  const missing = known.row.held.map((hold) => hold.engine_id).filter((engineId) => !present.has(engineId));
  const gone = missing.filter((engineId) => known.missingHolds.has(engineId));
  known.missingHolds = new Set(missing);
  if (gone.length === 0) return;
  await forgetHolds(session.sql, session.fence(), gone);
  session.context.announcer.add("container", known.row.container_id);
  known.row.held = known.row.held.filter((hold) => !gone.includes(hold.engine_id));
}

/** A list shows what a start that nobody waits for any more has yet to bring up as down; a stop waits for the end of that. */
async function giveBackGpus(run: ContainerRun, stopped: EngineContainer | null): Promise<void> {
  const { session, known } = run;
  const { row } = known;
  if (row.placement.gpu_uuids.length === 0 || known.gpusReleasedGeneration === row.generation) return;
  if (stopped && stopped.engineId !== known.surelyDown) await stopContainer(run, stopped.engineId);
  await inTransaction(session.pool, (sql) => releaseGpus(sql, session.fence(), row.container_id, row.generation));
  known.gpusReleasedGeneration = row.generation;
  row.claimed_gpus = [];
}

async function giveBackSurplus({ session, known }: ContainerRun): Promise<void> {
  const { row } = known;
  if (!row.has_surplus) return;
  await inTransaction(session.pool, (sql) => releaseSurplus(sql, session.fence(), row.container_id, row.generation));
  row.has_surplus = false;
  row.claimed_gpus = row.claimed_gpus.filter((uuid) => row.placement.gpu_uuids.includes(uuid));
}
