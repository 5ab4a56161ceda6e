import { heldNameOf } from "@berth/spec/engine-names.ts";
import { claimsOf } from "./claims.ts";
import {
  awaitsRestart,
  endsByItself,
  isBesideTwin,
  isUp,
  mayRecreate,
  restoreDue,
  underRecreate,
  wantsToRun,
} from "./facts.ts";
import type { Action, DesiredContainer, EngineContainer, Memory, ObservedContainer, Plan, Standing } from "./types.ts";

const REMOVAL_POLL_MS = 1_000;
const RESTARTING_POLL_MS = 30_000;
/** No event tells that a foreign container gave up our name. */
const FOREIGN_NAME_POLL_MS = 15_000;
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
  leaveUnknownTwin,
  waitForRemoval,
  restore,
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
    if (!decision) continue;
    const actions = [...stopHeld(situation), ...decision.actions];
    return { ...decision, actions, claims: claimsOf(desired, observed, memory) };
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

function leaveForeignName({ observed, now }: Situation): Decision | null {
  return observed.foreignName && !observed.current ? stand("nameConflict", now + FOREIGN_NAME_POLL_MS) : null;
}

/** Which of the two holds the newest data, and who has the ports and GPUs, only a person can say. */
function leaveUnknownTwin({ observed, now }: Situation): Decision | null {
  return isBesideTwin(observed) ? stand("nameConflict", now + FOREIGN_NAME_POLL_MS) : null;
}

function waitForRemoval({ observed, now }: Situation): Decision | null {
  const state = observed.current?.state;
  return state === "removing" || state === "dead" ? stand("converging", now + REMOVAL_POLL_MS) : null;
}

function putBackAfterFailures(situation: Situation): Decision | null {
  const { desired, observed, memory } = situation;
  const old = underRecreate(observed, memory);
  if (!old) return null;
  const { current } = observed;
  // What was believed to be there when the old one was set aside can't be had after all.
  const isKeptElsewhere = desired.image.fromCommit === "other" && observed.image.state === "absent";
  const isImageGone = !current && (observed.image.state === "failed" || isKeptElsewhere);
  if (memory.recreateFailures < RECREATE_ATTEMPTS && !isImageGone) return null;
  if (current && current.state !== "created") return null; // it ran: what is in it is the owner's
  const cause = isImageGone ? "its image can't be had" : `the new container failed ${RECREATE_ATTEMPTS} times`;
  return act(
    ...(current ? [{ type: "removeContainer", engineId: current.engineId, cause } as const] : []),
    { type: "putBackContainer", engineId: old.engineId, name: desired.engineName, cause },
    ...startOfHeld(situation, old, cause),
  );
}

/** At once, for a pause would be the other one's; but its GPUs may be another's since it was stopped. */
const startOfHeld = (
  { desired, memory }: Situation,
  { engineId, holdsGpus }: EngineContainer,
  cause: string,
): Action[] => (wantsToRun(desired, memory) && holdsGpus ? [{ type: "startContainer", engineId, cause }] : []);

/**
 * The current one is set aside as a recreate does, and the one that was is put in its place. Neither is ever removed for
 * it, and there is no image to wait for.
 */
function restore(situation: Situation): Decision | null {
  const { desired, observed, memory, now } = situation;
  const engineId = restoreDue(desired, memory);
  if (engineId === null) return null;
  const { current } = observed;
  const cause = "restore requested";
  if (current?.engineId === engineId) return act({ type: "acceptRestored", engineId, cause });
  const wanted = observed.held.find((held) => held.engineId === engineId);
  if (!wanted || wanted.state === "removing" || wanted.state === "dead") {
    // Its hold is forgotten once two looks in a row did not see it.
    const mayComeBack = wanted ? wanted.state === "removing" : memory.heldUntil.has(engineId);
    return mayComeBack ? keepUntil(situation, now + REMOVAL_POLL_MS) : giveUpRestore(situation);
  }
  // What bears the name must give it up, and what is paused is unpaused first, or is our own commit's.
  if (current && (observed.foreignName || current.state === "paused")) return null;
  return act(
    ...(current && isUp(current) ? [{ type: "stopContainer", engineId: current.engineId, cause } as const] : []),
    ...(current ? [settingAside(situation, current, cause)] : []),
    { type: "restoreContainer", engineId, name: desired.engineName, cause },
    ...startOfHeld(situation, wanted, cause),
  );
}

function giveUpRestore(situation: Situation): Decision {
  const { desired, observed, memory } = situation;
  const cause = "what was to be restored is gone";
  const old = underRecreate(observed, memory);
  if (observed.current || !old || old.state === "removing" || old.state === "dead") {
    return act({ type: "abandonRestore", cause });
  }
  return act(
    { type: "putBackContainer", engineId: old.engineId, name: desired.engineName, cause },
    ...startOfHeld(situation, old, cause),
  );
}

/** Kept as it should be meanwhile, where there is one. */
function keepUntil(situation: Situation, wakeAt: number): Decision {
  const kept = unpause(situation) ?? keepAsItShouldBe(situation) ?? stand("converging");
  return { ...kept, wakeAt: earliest([kept.wakeAt, wakeAt]) };
}

const settingAside = ({ desired }: Situation, current: EngineContainer, cause: string): Action => {
  const { engineId, generation, specHash } = current;
  const name = heldNameOf(desired.engineName, generation);
  return { type: "setAsideContainer", engineId, name, generation, specHash, cause };
};

function continueRecreate(situation: Situation): Decision | null {
  const { observed, memory } = situation;
  return !observed.current && underRecreate(observed, memory) ? creation(situation, "the old one is set aside") : null;
}

function standWithoutContainer({ desired, observed, memory }: Situation): Decision | null {
  if (observed.current) return null;
  if (desired.desired === "stopped") return stand("stopped");
  if (memory.completedRun >= desired.run) return stand("completed");
  // A start that was asked for after the loss is the owner's word for a new one.
  const isLeftAlone = memory.engineId !== null && desired.onLoss === "fail" && memory.startedRun >= desired.run;
  return isLeftAlone ? stand("lost") : null;
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
  if (observed.foreignName) return null; // the new one could not get the name
  if (!wantsToRun(desired, memory)) return null; // at its next start, which claims the GPUs that it then has
  if (memory.recreateFailures >= RECREATE_ATTEMPTS) {
    // Nothing was set aside yet, and the old one goes on: a full disk must not keep it down.
    return act({ type: "abandonRecreate", cause: `the recreate failed ${RECREATE_ATTEMPTS} times` });
  }
  const cause = `spec changed, ${desired.consent!.mode}`;
  const engineId = current.engineId;
  const { reference } = desired.image;
  if (observed.image.state === "unknown") return act({ type: "checkImage", reference, cause });
  const needsCommit = desired.image.fromCommit === "own" && observed.image.state !== "present";
  if (!needsCommit) {
    // First the image: one that can't be had must not cost the owner the old container.
    const missing = imageFirst(situation, cause);
    if (missing?.standing === "lost") return null; // it can never be had here: the old one goes on, and a condition says so
    if (missing) return missing.actions.length > 0 ? missing : keepMeanwhile(situation, missing);
  }
  return act(
    ...(isUp(current) ? [{ type: "stopContainer", engineId, cause } as const] : []),
    ...(needsCommit ? [{ type: "commitContainer", engineId, reference, cause } as const] : []),
    settingAside(situation, current, cause),
    { type: "createContainer", cause },
    ...startCreated(situation, cause),
  );
}

/** A recreate that waits for its image leaves the old container to be kept as it should be. */
function keepMeanwhile(situation: Situation, waiting: Decision): Decision {
  const kept = keepAsItShouldBe(situation);
  if (!kept) return waiting;
  return kept.actions.length > 0 ? kept : { ...waiting, wakeAt: earliest([waiting.wakeAt, kept.wakeAt]) };
}

function keepAsItShouldBe(situation: Situation): Decision | null {
  const { current } = situation.observed;
  if (!current) return null;
  const actions = [...inPlace(situation, current), ...expiredHolds(situation)];
  const runState = situation.desired.desired === "running" ? keepRunning(situation, current) : keepStopped(current);
  const keys = runState.standing === "running" && lacksKeys(situation, current) ? keysFor(situation, current) : null;
  return {
    actions: [...actions, ...runState.actions, ...(keys?.actions ?? [])],
    standing: runState.standing,
    wakeAt: earliest([runState.wakeAt, keys?.wakeAt ?? null, foreignNamePoll(situation), ...futureExpiries(situation)]),
  };
}

function keepRunning({ desired, memory, now }: Situation, current: EngineContainer): Decision {
  if (memory.completedRun >= desired.run) {
    return isUp(current)
      ? act({ type: "stopContainer", engineId: current.engineId, cause: "completed, started by hand" })
      : stand("completed");
  }
  if (isUp(current) && awaitsRestart(desired, memory)) return restart(current);
  const startNow = (cause: string): Decision =>
    current.holdsGpus ? act({ type: "startContainer", engineId: current.engineId, cause }) : stand("gpusTaken");
  const start = (cause: string): Decision =>
    memory.startNotBefore > now ? stand("crashLooping", memory.startNotBefore) : startNow(cause);
  switch (current.state) {
    case "running":
      return stand("running");
    case "restarting":
      return stand("crashLooping", now + RESTARTING_POLL_MS);
    case "created":
      return start("created, not started");
    default:
      // First, for a stop that was ours is told by the engine like any other.
      if (memory.startedRun < desired.run) return start("start requested");
      if (current.stoppedByHand) return startNow("stopped by hand");
      return endsByItself(desired, current) ? stand("completed") : start(`exited with ${current.exitCode ?? "?"}`);
  }
}

/** What could not be started again, as its GPUs are not claimed for it, is left running. */
function restart({ engineId, holdsGpus }: EngineContainer): Decision {
  if (!holdsGpus) return stand("running");
  const cause = "restart requested";
  return act({ type: "stopContainer", engineId, cause }, { type: "startContainer", engineId, cause });
}

function keepStopped(current: EngineContainer): Decision {
  return isUp(current)
    ? act({ type: "stopContainer", engineId: current.engineId, cause: "should be stopped" })
    : stand("stopped");
}

/** A name of ours that a stranger bears is taken back when it is free, and no event tells that. */
const foreignNamePoll = ({ observed, now }: Situation): number | null =>
  observed.foreignName ? now + FOREIGN_NAME_POLL_MS : null;

/** The name and the limits, which an engine changes without making the container anew. */
function inPlace({ desired, observed, memory }: Situation, current: EngineContainer): Action[] {
  const { engineId } = current;
  const renamed = current.engineName !== desired.engineName && !observed.foreignName;
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

/** Someone started what was set aside: it may have the GPUs and the ports of the container. */
function stopHeld({ desired, observed }: Situation): Action[] {
  // A twin may be among them, and be the one that its owner works in.
  if (desired.desired === "removed" || isBesideTwin(observed)) return [];
  return observed.held.filter(isUp).flatMap((held) => stopping(held, "set aside, should not run"));
}

/** A start forgets what was put there before: its file system may be another. */
const lacksKeys = ({ desired, memory }: Situation, { engineId, state }: EngineContainer): boolean =>
  state === "running" &&
  desired.keysHash !== null &&
  (memory.keys?.engineId !== engineId || memory.keys.hash !== desired.keysHash);

function keysFor({ memory, now }: Situation, { engineId }: EngineContainer): Decision {
  const retryAt = memory.keysFailure?.retryAt ?? 0;
  if (retryAt > now) return stand("running", retryAt);
  const cause = memory.keys?.engineId === engineId ? "its owner's keys changed" : "started";
  return act({ type: "putKeys", engineId, cause });
}

function expiredHolds({ desired, observed, memory, now }: Situation): Action[] {
  return observed.held.flatMap((held) => {
    // Its successor has not been up yet: until then the old one is all that its owner has.
    if (isUp(held) || held === underRecreate(observed, memory)) return [];
    if (held.engineId === restoreDue(desired, memory)) return [];
    const until = memory.heldUntil.get(held.engineId);
    return until !== undefined && until <= now ? removal(held, "its hold ran out") : [];
  });
}

const futureExpiries = ({ observed, memory, now }: Situation): number[] =>
  observed.held.flatMap((held) => memory.heldUntil.get(held.engineId) ?? []).filter((until) => until > now);

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

function creation(situation: Situation, cause: string): Decision {
  const { desired, memory, now } = situation;
  const isBackingOff = wantsToRun(desired, memory) && memory.startNotBefore > now;
  const create: Action[] = isBackingOff
    ? []
    : [{ type: "createContainer", cause }, ...startCreated(situation, "not running")];
  const waiting = imageFirst(situation, cause, create);
  if (waiting) return waiting;
  return isBackingOff ? stand("crashLooping", memory.startNotBefore) : act(...create);
}

/** What the image makes one do or wait for; null where it is there, or where only a create will tell. */
function imageFirst(
  { desired, observed, memory, now }: Situation,
  cause: string,
  then: Action[] = [],
): Decision | null {
  const { image } = observed;
  const { reference, fromCommit } = desired.image;
  if (image.state === "unknown" || image.state === "present") return null;
  if (image.state === "pulling") return stand("pulling");
  if (fromCommit !== null) {
    // What was committed here and is gone can be had nowhere else but from the container itself.
    const old = fromCommit === "own" ? underRecreate(observed, memory) : null;
    return old ? act({ type: "commitContainer", engineId: old.engineId, reference, cause }, ...then) : stand("lost");
  }
  if (image.state === "failed" && image.retryAt > now) return stand("pullFailed", image.retryAt);
  return act({ type: "pullImage", reference, cause }, ...then);
}

function stopping(container: EngineContainer, cause: string): Action[] {
  const { engineId } = container;
  const stop = { type: "stopContainer", engineId, cause } as const;
  return container.state === "paused" ? [{ type: "unpauseContainer", engineId, cause }, stop] : [stop];
}

function removal(container: EngineContainer, cause: string): Action[] {
  if (container.state === "removing") return [];
  const remove = { type: "removeContainer", engineId: container.engineId, cause } as const;
  return isUp(container) ? [...stopping(container, cause), remove] : [remove];
}

/** The start of the container that the plan creates, unless a crash loop's pause lasts. */
function startCreated({ desired, memory, now }: Situation, cause: string): Action[] {
  const mayStart = wantsToRun(desired, memory) && memory.startNotBefore <= now;
  return mayStart ? [{ type: "startContainer", engineId: null, cause }] : [];
}
