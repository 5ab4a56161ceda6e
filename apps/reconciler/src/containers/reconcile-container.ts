import { EngineError } from "@berth/docker/engine.ts";
import { IdentityError, LeaseLostError, NotYetError, StaleRowError, TerminalError } from "../failures.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { mayRecreate, wantsToRun } from "../plan/facts.ts";
import { plan } from "../plan/plan.ts";
import type { Failure } from "../plan/status.ts";
import { actionText } from "../plan/text.ts";
import type { Action, ObservedContainer, Plan } from "../plan/types.ts";
import { backoffMs, TERMINAL_RECHECK_MS, TRANSIENT } from "../queue/backoff.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { costOfRun } from "../run-scope.ts";
import type { ContainerRun } from "./container-run.ts";
import { toDesired } from "./desired.ts";
import { execute } from "./execute.ts";
import { type KnownContainer, memoryOf, takePace } from "./known-container.ts";
import { observe } from "./observe.ts";
import { tellUnheardOutOfMemory } from "./out-of-memory.ts";
import { settle } from "./settle.ts";

/** A list made right after an end or a pause was announced may still show it running (moby writes it down later). */
const ANNOUNCED_POLL_MS = 10;
/** The row changed, or a hint was learned: look again at once. */
const AT_ONCE_MS = 0;

/** One look: observe, plan, execute, observe again, write the status. Asks for the next look by itself. */
export async function reconcileContainer(session: MachineSession, known: KnownContainer): Promise<void> {
  const run: ContainerRun = {
    session,
    known,
    desired: toDesired(known.row),
    draft: { ...known.row.status },
    createdId: null,
    restoredId: null,
    isFinished: false,
  };
  const observed = believe(run, await observe(session, known));
  if (!observed) return session.enqueueAfter(known.row.uid, PRIORITY.event, ANNOUNCED_POLL_MS);
  await tellUnheardOutOfMemory(session, known, observed);
  const first = plan(run.desired, observed, memoryOf(known), session.now());
  if (first.actions.length === 0) {
    await settle(run, observed, first, null, first.wakeAt);
    return wakeLater(session, known, first);
  }
  const restMs = takePace(known, performance.now());
  if (restMs > 0) return session.enqueueAfter(known.row.uid, PRIORITY.retry, restMs);

  const failure = await carryOut(run, first.actions);
  if (run.isFinished) return session.forgetContainer(known.row.uid);
  await conclude(run, observed, failure);
}

/** Runs the plan in order. Returns what stopped it, or null. */
async function carryOut(run: ContainerRun, actions: readonly Action[]): Promise<Error | null> {
  const { session, known } = run;
  for (const action of actions) {
    session.log.info({ uid: known.row.uid, action: action.type, cause: action.cause }, "executing action");
    try {
      const goesOn = await execute(run, action);
      session.tell(known, action);
      if (!goesOn) return null;
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof StaleRowError) throw error;
      if (!(error instanceof EngineError || error instanceof NotYetError || error instanceof TerminalError))
        throw error;
      session.log.warn({ uid: known.row.uid, action: actionText(action), err: error }, "action failed");
      return error;
    }
  }
  return null;
}

/** After acting: looks again, writes what is there, and says when to look next. */
async function conclude(run: ContainerRun, before: ObservedContainer, error: Error | null): Promise<void> {
  const { session, known, desired } = run;
  const isFailedRecreate = error !== null && isRefusal(error) && isRecreating(run, before);
  if (isFailedRecreate) known.recreateFailures += 1;
  const observed = await observe(session, known);
  const next = plan(desired, observed, memoryOf(known, run.draft), session.now());
  const retry = error ? retryOf(session, known, error, isFailedRecreate) : null;
  if (!error) known.failures = known.hints = 0;
  const failure = retry?.failure ?? null;
  known.retryAt = retry ? session.now() + retry.delayMs : 0;
  await settle(run, observed, next, failure, retry ? session.now() + retry.delayMs : next.wakeAt);
  session.log.info({ uid: known.row.uid, phase: known.row.status.phase, ...costOfRun() }, "container reconciled");
  if (failure) session.tellFailure(known, failure);
  if (retry) return session.enqueueAfter(known.row.uid, PRIORITY.retry, retry.delayMs);
  // What was started has ended already: the status says for a moment that it runs, and the next look puts that right.
  if (isBehind(known, observed)) session.enqueueAfter(known.row.uid, PRIORITY.event, ANNOUNCED_POLL_MS);
  wakeLater(session, known, next);
}

/** An engine that is away says nothing about the new container. */
const isRefusal = (error: Error): boolean =>
  error instanceof EngineError && (error.kind === "failed" || error.kind === "rejected" || error.kind === "conflict");

const isRecreating = ({ known, desired }: ContainerRun, { current, held }: ObservedContainer): boolean =>
  held.some((old) => old.engineId === known.row.status.engine_id) ||
  (current !== null && current.specHash !== desired.specHash && mayRecreate(desired, current, memoryOf(known)));

function wakeLater(session: MachineSession, known: KnownContainer, next: Plan): void {
  const { uid } = known.row;
  if (next.actions.length > 0) session.enqueueAfter(uid, PRIORITY.retry, AT_ONCE_MS);
  else if (next.wakeAt !== null) session.enqueueAfter(uid, PRIORITY.retry, Math.max(0, next.wakeAt - session.now()));
  else if (known.missingHolds.size > 0) session.enqueueAfter(uid, PRIORITY.retry, 1_000);
}

interface Retry {
  delayMs: number;
  /** Null for what is no failure to show. */
  failure: Failure | null;
}

/** What an error means for the next look. A recreate that fails is tried again soon: few failures, and it is given up. */
function retryOf(session: MachineSession, known: KnownContainer, error: Error, isFailedRecreate: boolean): Retry {
  if (error instanceof NotYetError) return { delayMs: error.retryMs, failure: null };
  if (error instanceof EngineError && isHint(known, error)) {
    known.hints += 1;
    return { delayMs: AT_ONCE_MS, failure: null };
  }
  const isTerminal =
    error instanceof TerminalError ||
    (error instanceof EngineError && (error.kind === "rejected" || error.kind === "unsupported"));
  if (isTerminal && !isFailedRecreate) {
    return { delayMs: TERMINAL_RECHECK_MS, failure: { message: error.message, isTerminal: true } };
  }
  known.failures += 1;
  const delayMs = Math.max(
    backoffMs(TRANSIENT, known.failures, session.random()),
    Math.max(0, known.startNotBefore - session.now()),
  );
  return { delayMs, failure: { message: error.message, isTerminal: false } };
}

const HINTS_AT_MOST = 3;

/** A refusal that taught us something: who bears the name, that the image or the container is not there. */
const isHint = (known: KnownContainer, error: EngineError): boolean =>
  known.hints < HINTS_AT_MOST && (error.kind === "not_found" || (error.kind === "conflict" && known.nameTaken));

/**
 * What was observed, unless the engine has announced that it runs behind: then null, to look again. A stop by hand is taken
 * on the announcement's word where the container should run, for to start what runs already changes nothing.
 */
function believe({ known, desired }: ContainerRun, observed: ObservedContainer): ObservedContainer | null {
  if (!isBehind(known, observed)) {
    known.announced = null;
    return observed;
  }
  const { current } = observed;
  const isRestartable =
    known.announced?.what === "end" && current?.stoppedByHand && wantsToRun(desired, memoryOf(known));
  return isRestartable ? { ...observed, current: { ...current, state: "exited" } } : null;
}

/** The engine has announced an end or a pause that what was observed lacks. */
const isBehind = ({ announced }: KnownContainer, { current }: ObservedContainer): boolean =>
  announced !== null &&
  current?.state === "running" &&
  current.engineId === announced.engineId &&
  performance.now() <= announced.until;

/** Errors after which this look has nothing to say: another look, or another holder, will. */
export const endsQuietly = (error: unknown): boolean =>
  error instanceof LeaseLostError || error instanceof IdentityError;
