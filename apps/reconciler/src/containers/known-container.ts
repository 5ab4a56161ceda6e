import type { ContainerRow, ContainerStatusRow } from "@berth/db/containers/load.ts";
import type { Limits, Memory, ObservedImage } from "../plan/types.ts";
import { CRASH_LOOP, HEALTHY_AFTER_MS, backoffMs } from "../queue/backoff.ts";

/** A container as this process knows it: its row as last read, and what only this process counts. */
export interface KnownContainer {
  row: ContainerRow;
  /** The row may have changed since it was read. */
  isStale: boolean;
  /** A look at it is under way. */
  isRunning: boolean;
  /** What this process created last. Whatever somebody renames it to before it is recorded, it is ours. */
  createdId: string | null;
  /** This process has sent a create. */
  hasCreated: boolean;
  image: ObservedImage;
  /** A create was answered with 409: look who bears the name. */
  nameTaken: boolean;
  committing: boolean;
  /** Images that are being saved from it: a pause may be theirs. */
  savers: Set<number>;
  recreateFailures: number;
  /** Failed attempts in a row. */
  failures: number;
  /** Refusals in a row that only taught what to do next. */
  hints: number;
  /** Starts after an exit, without {@link HEALTHY_AFTER_MS} of running in between. */
  crashes: number;
  /** Wall clock, ms. */
  lastStartAt: number;
  startNotBefore: number;
  /** Wall clock, ms: what failed is left alone by a resync until then. */
  retryAt: number;
  /** What was announced of an engine container: a list that still has it running is not believed until then (monotonic, ms). */
  announced: { engineId: string; what: "end" | "pause"; until: number } | null;
  /** The engine container of which a stop was answered since it was last started: no start of it is under way. */
  surelyDown: string | null;
  /** The engine container whose last end was told by an event. */
  heardEndOf: string | null;
  /** Why the ssh keys are not in it, and when (wall clock, ms) that is tried again. */
  keysFailure: { message: string; retryAt: number; count: number } | null;
  /** Monotonic, ms: an event that came after the last list began needs another look. */
  lastEventAt: number;
  lastListBeganAt: number;
  /** Held containers that the last look did not see. */
  missingHolds: ReadonlySet<string>;
  /** Its restore was given up for this generation of its row. */
  restoreFailedGeneration: number;
  /** So that GPUs are given back once. */
  gpusReleasedGeneration: number;
  pace: { tokens: number; at: number };
}

const NONE: ReadonlySet<string> = new Set();

export const newKnown = (row: ContainerRow): KnownContainer => ({
  row,
  isStale: false,
  isRunning: false,
  createdId: null,
  hasCreated: false,
  image: { state: "unknown" },
  nameTaken: false,
  committing: false,
  savers: new Set(),
  recreateFailures: 0,
  failures: 0,
  hints: 0,
  crashes: 0,
  lastStartAt: 0,
  startNotBefore: 0,
  retryAt: 0,
  announced: null,
  surelyDown: null,
  heardEndOf: null,
  keysFailure: null,
  lastEventAt: 0,
  lastListBeganAt: 0,
  missingHolds: NONE,
  restoreFailedGeneration: 0,
  gpusReleasedGeneration: 0,
  pace: { tokens: PACE_BURST, at: 0 },
});

/**
 * Somebody, perhaps a process before this one, may have acted on it: only a list can tell. Asked of the row as it is now,
 * for only under the name of its first generation does the create itself tell that it was made already.
 */
export const mayExist = ({ hasCreated, row: { status, generation } }: KnownContainer): boolean =>
  hasCreated || status.version > 0 || status.engine_id !== null || generation > 1;

/** `status` is the row's, or the draft of a run that has acted since it was read. */
export function memoryOf(known: KnownContainer, status: ContainerStatusRow = known.row.status): Memory {
  const { generation, held } = known.row;
  const isClaimedYet = (claim: string): boolean =>
    status.observed_generation === generation && status.conditions.some(({ type }) => type === claim);
  return {
    engineId: status.engine_id,
    applied: limitsOf(status),
    startedRun: status.started_run,
    completedRun: status.completed_run,
    abandonedGeneration: status.abandoned_generation,
    recreateFailures: known.recreateFailures,
    heldUntil: new Map(held.map((hold) => [hold.engine_id, hold.held_until.getTime()])),
    startNotBefore: known.startNotBefore,
    keys: keysIn(status),
    keysFailure: known.keysFailure,
    committing: known.committing || known.savers.size > 0,
    dataLost: isClaimedYet("DataLost"),
    restoreFailed: known.restoreFailedGeneration === generation || isClaimedYet("RestoreFailed"),
  };
}

function keysIn({ ssh_keys }: ContainerStatusRow): Memory["keys"] {
  const [engineId = "", hash = ""] = ssh_keys?.split(":") ?? [];
  return ssh_keys === null ? null : { engineId, hash };
}

function limitsOf({ applied }: ContainerStatusRow): Limits | null {
  if (!applied || applied.memory_bytes === null || applied.nano_cpus === null) return null;
  return { memoryBytes: applied.memory_bytes, nanoCpus: applied.nano_cpus };
}

/** What is recorded is what was set aside: the new container has not been up yet. */
export const isUnderRecreate = ({ row }: KnownContainer): boolean =>
  row.held.some((hold) => hold.engine_id === row.status.engine_id);

/** A start that follows an exit, or a start that failed: the next one waits. */
export function recordCrash(known: KnownContainer, now: number, random: number): void {
  if (known.lastStartAt > 0 && now - known.lastStartAt > HEALTHY_AFTER_MS) known.crashes = 0;
  known.crashes += 1;
  known.lastStartAt = now;
  known.startNotBefore = now + backoffMs(CRASH_LOOP, known.crashes, random);
}

/** A new spec gets a fresh chance. */
export function forgiveFailures(known: KnownContainer): void {
  known.failures = 0;
  known.crashes = 0;
  known.startNotBefore = 0;
  known.retryAt = 0;
  known.recreateFailures = 0;
  // Also one that was there: it may have been removed by hand since, and a recreate must not find that out too late.
  if (known.image.state !== "pulling") known.image = { state: "unknown" };
}

const PACE_BURST = 12;
const PACE_PER_S = 2;

/** How long this key must rest before its next mutation: a burst is let through, a spec that flips all the time is not. */
export function takePace(known: KnownContainer, monotonicMs: number): number {
  const { pace } = known;
  pace.tokens = Math.min(PACE_BURST, pace.tokens + ((monotonicMs - pace.at) / 1_000) * PACE_PER_S);
  pace.at = monotonicMs;
  if (pace.tokens < 1) return Math.ceil(((1 - pace.tokens) / PACE_PER_S) * 1_000);
  pace.tokens -= 1;
  return 0;
}
