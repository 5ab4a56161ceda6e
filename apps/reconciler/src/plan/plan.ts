import { heldNameOf } from "@berth/spec/engine-names.ts";
import { claimsOf } from "./claims.ts";
import { endsByItself, isUp, mayRecreate, underRecreate, wantsToRun } from "./facts.ts";
import type { Action, DesiredContainer, EngineContainer, Memory, ObservedContainer, Plan, Standing } from "./types.ts";

const REMOVAL_POLL_MS = 1_000;
const RESTARTING_POLL_MS = 30_000;
/** So many failures to make the new container, and the old one is put back. */
const RECREATE_ATTEMPTS = 3;

interface Situation {
  desired: DesiredContainer;
  observed: ObservedContainer;
  memory: Memory;
  now: number;
}

type Decision = Omit<Plan, "claims">;
type Rule = (situation: Situation) => Decision | null;

/** Ordered: the first rule that has something to say decides. */
const RULES: readonly Rule[] = [
  removeWhatShouldGo,
  leaveForeignName,
  waitForRemoval,
  putBackAfterFailures,
  continueRecreate,
  standWithoutContainer,
  createMissing,
  unpause,
  recreate,
  keepAsItShouldBe,
];

/**
 * Returns, in order, what turns `observed` into `desired`, and where the container stands meanwhile. No I/O, no clock,
 * no randomness. Nothing is removed that the desired state does not ask to remove, save a hold that has run out and a
 * new container of a failed recreate that never ran.
 */
export function plan(desired: DesiredContainer, observed: ObservedContainer, memory: Memory, now: number): Plan {
  const situation = { desired, observed, memory, now };
  for (const rule of RULES) {
    const decision = rule(situation);
    if (decision) return { ...decision, claims: claimsOf(desired, observed, memory) };
  }
  throw new Error(`no rule decided for ${desired.uid}`);
}

const act = (...actions: Action[]): Decision => ({ actions, standing: "converging", wakeAt: null });
const stand = (standing: Standing, wakeAt: number | null = null): Decision => ({ actions: [], standing, wakeAt });

function removeWhatShouldGo({ desired, observed, now }: Situation): Decision | null {
  if (desired.desired !== "removed") return null;
  const cause = "removal requested";
  const all = [...(observed.current ? [observed.current] : []), ...observed.held];
  if (all.length === 0) return act({ type: "finishRemoval", cause });
  const actions = all.flatMap((container) => removal(container, cause));
  return actions.length > 0 ? act(...actions) : stand("removing", now + REMOVAL_POLL_MS);
}

function leaveForeignName({ observed }: Situation): Decision | null {
  return observed.foreignName && !observed.current ? stand("nameConflict") : null;
}

function waitForRemoval({ observed, now }: Situation): Decision | null {
  const state = observed.current?.state;
  return state === "removing" || state === "dead" ? stand("converging", now + REMOVAL_POLL_MS) : null;
}

function putBackAfterFailures(situation: Situation): Decision | null {
  const { desired, observed, memory } = situation;
  const old = underRecreate(observed, memory);
  if (!old || memory.recreateFailures < RECREATE_ATTEMPTS) return null;
  const { current } = observed;
  if (current && current.state !== "created") return null; // it ran: what is in it is the owner's
  const cause = `the new container failed ${RECREATE_ATTEMPTS} times`;
  return act(
    ...(current ? [{ type: "removeContainer", engineId: current.engineId, cause } as const] : []),
    { type: "putBackContainer", engineId: old.engineId, name: desired.engineName, cause },
    ...startAfter(situation, old.engineId, cause),
  );
}

function continueRecreate(situation: Situation): Decision | null {
  const { observed, memory } = situation;
  return !observed.current && underRecreate(observed, memory) ? creation(situation, "the old one is set aside") : null;
}

function standWithoutContainer({ desired, observed, memory }: Situation): Decision | null {
  if (observed.current) return null;
  if (desired.desired === "stopped") return stand("stopped");
  if (memory.completedRun >= desired.run) return stand("completed");
  return memory.engineId !== null && desired.onLoss === "fail" ? stand("lost") : null;
}

function createMissing(situation: Situation): Decision | null {
  return situation.observed.current ? null : creation(situation, "not found");
}

function unpause({ desired, observed, memory }: Situation): Decision | null {
  const { current } = observed;
  if (current?.state !== "paused") return null;
  // Its end will be heard as an event, and the deadline of the commit ends a hung one.
  if (memory.committing) return stand(desired.desired === "running" ? "running" : "converging");
  return act({ type: "unpauseContainer", engineId: current.engineId, cause: "paused" });
}

function recreate(situation: Situation): Decision | null {
  const { desired, observed, memory } = situation;
  const { current } = observed;
  if (!current || current.specHash === desired.specHash || !mayRecreate(desired, current, memory)) return null;
  const cause = `spec changed, ${desired.consent!.mode}`;
  const engineId = current.engineId;
  const { reference } = desired.image;
  if (observed.image.state === "unknown") return act({ type: "checkImage", reference, cause });
  const needsCommit = desired.image.fromCommit && observed.image.state !== "present";
  if (!needsCommit) {
    // First the image: one that can't be had must not cost the owner the old container.
    const missing = imageFirst(situation, cause);
    if (missing) return missing;
  }
  return act(
    ...(isUp(current) ? [{ type: "stopContainer", engineId, cause } as const] : []),
    ...(needsCommit ? [{ type: "commitContainer", engineId, reference, cause } as const] : []),
    {
      type: "setAsideContainer",
      engineId,
      name: heldNameOf(desired.engineName, current.generation),
      generation: current.generation,
      cause,
    },
    { type: "createContainer", cause },
    ...startAfter(situation, null, cause),
  );
}

function keepAsItShouldBe(situation: Situation): Decision | null {
  const { current } = situation.observed;
  if (!current) return null;
  const actions = [...inPlace(situation, current), ...expiredHolds(situation)];
  const runState = situation.desired.desired === "running" ? keepRunning(situation, current) : keepStopped(current);
  return {
    actions: [...actions, ...runState.actions],
    standing: actions.length > 0 ? "converging" : runState.standing,
    wakeAt: runState.wakeAt ?? nextExpiry(situation),
  };
}

function keepRunning({ desired, memory, now }: Situation, current: EngineContainer): Decision {
  if (memory.completedRun >= desired.run) {
    return isUp(current)
      ? act({ type: "stopContainer", engineId: current.engineId, cause: "completed, started by hand" })
      : stand("completed");
  }
  const start = (cause: string): Decision =>
    memory.startNotBefore > now
      ? stand("crashLooping", memory.startNotBefore)
      : act({ type: "startContainer", engineId: current.engineId, cause });
  switch (current.state) {
    case "running":
      return stand("running");
    case "restarting":
      return stand("crashLooping", now + RESTARTING_POLL_MS);
    case "created":
      return start("created, not started");
    default:
      if (current.stoppedByHand) {
        return act({ type: "startContainer", engineId: current.engineId, cause: "stopped by hand" });
      }
      if (memory.startedRun < desired.run) return start("start requested");
      return endsByItself(desired, current) ? stand("completed") : start(`exited with ${current.exitCode ?? "?"}`);
  }
}

function keepStopped(current: EngineContainer): Decision {
  return isUp(current)
    ? act({ type: "stopContainer", engineId: current.engineId, cause: "should be stopped" })
    : stand("stopped");
}

/** The name and the limits, which an engine changes without making the container anew. */
function inPlace({ desired, memory }: Situation, current: EngineContainer): Action[] {
  const { engineId } = current;
  const renamed = current.engineName !== desired.engineName;
  const { limits } = desired;
  const { applied } = memory;
  const isApplied = applied?.memoryBytes === limits.memoryBytes && applied.nanoCpus === limits.nanoCpus;
  return [
    ...(renamed
      ? [{ type: "renameContainer", engineId, name: desired.engineName, cause: "another name" } as const]
      : []),
    ...(isApplied ? [] : [{ type: "updateContainer", engineId, limits, cause: "limits changed" } as const]),
  ];
}

function expiredHolds({ observed, memory, now }: Situation): Action[] {
  return observed.held.flatMap((held) => {
    if (isUp(held)) {
      return [{ type: "stopContainer", engineId: held.engineId, cause: "set aside, should not run" } as const];
    }
    const until = memory.heldUntil.get(held.engineId);
    return until !== undefined && until <= now ? removal(held, "its hold ran out") : [];
  });
}

function nextExpiry({ observed, memory }: Situation): number | null {
  const times = observed.held.flatMap((held) => memory.heldUntil.get(held.engineId) ?? []);
  return times.length > 0 ? Math.min(...times) : null;
}

function creation(situation: Situation, cause: string): Decision {
  const { memory, now } = situation;
  const create = [{ type: "createContainer", cause } as const, ...startAfter(situation, null, "not running")];
  const waiting = imageFirst(situation, cause, create);
  if (waiting) return waiting;
  return memory.startNotBefore > now ? stand("crashLooping", memory.startNotBefore) : act(...create);
}

/** What the image makes one do or wait for; null where it is there, or where only a create will tell. */
function imageFirst({ desired, observed, now }: Situation, cause: string, then: Action[] = []): Decision | null {
  switch (observed.image.state) {
    case "unknown":
    case "present":
      return null;
    case "pulling":
      return stand("pulling");
    case "failed":
      if (observed.image.retryAt > now) return stand("pullFailed", observed.image.retryAt);
      break;
    case "absent":
      // What was committed here and is gone can be had nowhere else.
      if (desired.image.fromCommit) return stand("lost");
      break;
  }
  return act({ type: "pullImage", reference: desired.image.reference, cause }, ...then);
}

function removal(container: EngineContainer, cause: string): Action[] {
  const { engineId } = container;
  switch (container.state) {
    case "removing":
      return [];
    case "paused":
      return [
        { type: "unpauseContainer", engineId, cause },
        { type: "stopContainer", engineId, cause },
        { type: "removeContainer", engineId, cause },
      ];
    case "running":
    case "restarting":
      return [
        { type: "stopContainer", engineId, cause },
        { type: "removeContainer", engineId, cause },
      ];
    default:
      return [{ type: "removeContainer", engineId, cause }];
  }
}

/** A start after what comes before it in the plan; `engineId` null is the container that the plan creates. */
function startAfter({ desired, memory }: Situation, engineId: string | null, cause: string): Action[] {
  return wantsToRun(desired, memory) ? [{ type: "startContainer", engineId, cause }] : [];
}
