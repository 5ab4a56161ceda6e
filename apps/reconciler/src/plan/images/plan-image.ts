/** What is to be on the registry, as its owner and the machine say. Times are wall clock, ms. */
export interface DesiredImage {
  presence: "present" | "absent";
  cancelled: boolean;
  /** The newest run that was asked for. */
  run: number;
  making: "commit" | "build" | "mirror";
}

export interface ImageMemory {
  /** The newest run that has ended, well or not. */
  observedRun: number;
  /** Numbers the commits, builds and pulls; 0 before the first. */
  attempt: number;
  /** When the newest was begun; null where it is known to have ended. */
  attemptAt: number | null;
  /** Of what was pushed last, not yet verified. */
  digest: string | null;
  /** What this process is doing for it now. */
  job: "commit" | "build" | "mirror" | "push" | null;
  /** What failed last; nothing is begun before `retryAt`. */
  failure: { count: number; message: string; retryAt: number } | null;
}

export interface ObservedImageWork {
  /** What the newest attempt made is on the machine. */
  isMade: boolean;
  /** Of the registry's tag; null where there is none. Looked at only where something was pushed. */
  tagDigest: string | null;
  /** What a save saves; "up" where it is to be down first. */
  origin: "missing" | "paused" | "up" | "there";
}

export type ImageAction =
  | { type: "abort"; cause: string }
  | { type: "commit" | "build" | "mirror"; attempt: number; cause: string }
  | { type: "push"; cause: string }
  /** What was pushed is not what the registry has: it is made known, or made, anew. */
  | { type: "forgetDigest"; cause: string }
  | { type: "finish"; digest: string; cause: string }
  | { type: "fail"; message: string; cause: string };

export interface ImagePlan {
  action: ImageAction | null;
  /** When to look again by itself; null waits for news. */
  wakeAt: number | null;
  /** A commit whose end nobody saw may still be under way: what is paused for it stays so until then. */
  isCommitting: boolean;
}

/** A commit that was sent by a process, or to an engine, that has gone since: nothing tells its end. */
const LOST_COMMIT_MS = 30_000;
const UNPAUSE_POLL_MS = 1_000;
const STOP_POLL_MS = 250;
const COMMIT_FAILURES = 5;

/**
 * The next step, if any, from what is on the machine and on the registry to an image that is verified there. Whatever was
 * killed in between is found again: what was made by its number on the engine, what was pushed by its digest.
 */
export function planImage(
  desired: DesiredImage,
  memory: ImageMemory,
  observed: ObservedImageWork,
  now: number,
): ImagePlan {
  const isUnwanted = desired.presence === "absent" || desired.cancelled;
  if (memory.job !== null) {
    const cause = desired.presence === "absent" ? "removal requested" : "cancelled";
    return isUnwanted ? act({ type: "abort", cause }) : { ...stand(), isCommitting: memory.job === "commit" };
  }
  if (desired.presence === "absent" || memory.observedRun >= desired.run) return stand();
  if (desired.cancelled) return act({ type: "fail", message: "It was cancelled.", cause: "cancelled" });
  if (memory.failure !== null && now < memory.failure.retryAt) return stand(memory.failure.retryAt);

  if (memory.digest !== null) {
    if (observed.tagDigest === memory.digest) {
      return act({ type: "finish", digest: memory.digest, cause: "the registry has what was pushed" });
    }
    const cause = observed.tagDigest === null ? "the registry has lost it" : "the registry has another";
    return act(observed.isMade ? { type: "push", cause } : { type: "forgetDigest", cause });
  }
  if (observed.isMade) return act({ type: "push", cause: "not on the registry" });
  return desired.making === "commit" ? planCommit(memory, observed, now) : make(desired.making, memory);
}

function planCommit(memory: ImageMemory, observed: ObservedImageWork, now: number): ImagePlan {
  if (observed.origin === "missing") {
    const message = "Its container is gone from its machine: there is nothing to save.";
    return act({ type: "fail", message, cause: "container not found" });
  }
  const lostUntil = memory.attemptAt === null ? 0 : memory.attemptAt + LOST_COMMIT_MS;
  if (now < lostUntil) return { action: null, wakeAt: lostUntil, isCommitting: true };
  // Nothing is committed again while it is paused, perhaps for a commit that goes on: the container's own plan wakes it.
  if (observed.origin === "paused") return stand(now + UNPAUSE_POLL_MS);
  if (observed.origin === "up") return stand(now + STOP_POLL_MS);
  if (memory.failure !== null && memory.failure.count >= COMMIT_FAILURES) {
    return act({ type: "fail", message: memory.failure.message, cause: `${COMMIT_FAILURES} commits failed` });
  }
  return make("commit", memory);
}

const make = (type: "commit" | "build" | "mirror", { attempt }: ImageMemory): ImagePlan =>
  act({ type, attempt: attempt + 1, cause: attempt === 0 ? "not made yet" : "the last attempt made nothing" });

const act = (action: ImageAction): ImagePlan => ({ action, wakeAt: null, isCommitting: false });
const stand = (wakeAt: number | null = null): ImagePlan => ({ action: null, wakeAt, isCommitting: false });
