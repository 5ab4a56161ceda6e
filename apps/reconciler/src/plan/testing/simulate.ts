import { acceptedEngineId, awaitsRestart, isUp, restoreDue, underRecreate } from "../facts.ts";
import { plan } from "../plan.ts";
import type { Action, DesiredContainer, EngineContainer, Memory, ObservedContainer, ObservedImage } from "../types.ts";

const HOLD_MS = 24 * 3_600_000;
const PULL_RETRY_MS = 10_000;

/** One engine, one container's rows, and the clock. */
export interface World {
  observed: ObservedContainer;
  memory: Memory;
  now: number;
  /** What the engine really holds, whatever `observed.image` says. */
  hasImage: boolean;
  registryHasImage: boolean;
  /** What is no more, in the order in which it was removed. */
  removed: EngineContainer[];
  created: number;
  /** The removal is finished: there is no row left to plan for. */
  isGone: boolean;
}

/** What no engine call of a right plan ever meets, such as a second container that is started beside the first. */
class PlanError extends Error {}

/** Applies the actions in order, up to the first that the engine refuses. Throws where a right plan has no such action. */
export function simulate(desired: DesiredContainer, world: World, actions: readonly Action[]): World {
  let next = world;
  for (const action of actions) {
    const result = apply(desired, next, action);
    if (result.isRefused) return result.world;
    next = result.world;
  }
  return next;
}

/** What the loop remembers when it has observed again. */
export function recordStatus(desired: DesiredContainer, world: World): World {
  if (world.isGone) return world;
  const { observed, memory } = isRestored(desired, world) ? takeBack(desired, world) : world;
  const engineId = acceptedEngineId(desired, observed, memory);
  const { standing } = plan(desired, observed, memory, world.now);
  return remember(
    { ...world, memory },
    {
      engineId,
      startedRun:
        observed.current && isUp(observed.current) && !awaitsRestart(desired, memory) ? desired.run : memory.startedRun,
      completedRun: standing === "completed" ? desired.run : memory.completedRun,
      recreateFailures: engineId === memory.engineId ? memory.recreateFailures : 0,
      dataLost: memory.dataLost || (engineId !== memory.engineId && isAmiss(world)),
    },
  );
}

/** What is under way comes to its end: a removal, a restart by the engine, a pull, a commit. */
export function passTime(world: World, now: number): World {
  const { observed, memory } = world;
  const settled = (container: EngineContainer): EngineContainer[] => {
    if (container.state === "removing") return [];
    const resumes = container.state === "restarting" || (container.state === "paused" && memory.committing);
    return [resumes ? { ...container, state: "running" } : container];
  };
  const [current = null] = observed.current ? settled(observed.current) : [];
  const holdsSeen = [...memory.heldUntil].filter(([id]) => allOf(observed).some(({ engineId }) => engineId === id));
  const isPulled = observed.image.state === "pulling";
  const hasImage = world.hasImage || (isPulled && world.registryHasImage);
  return {
    ...world,
    now,
    hasImage,
    memory: { ...memory, committing: false, heldUntil: new Map(holdsSeen) },
    observed: {
      ...observed,
      current,
      held: observed.held.flatMap(settled),
      image: isPulled ? imageAfterPull(hasImage, now) : observed.image,
    },
  };
}

const isAmiss = ({ observed, memory }: World): boolean =>
  memory.engineId !== null && underRecreate(observed, memory) === null;

/** The engine has it in its place: what the loop learns from its own rename, or from looking after a kill. */
const isRestored = (desired: DesiredContainer, { observed, memory }: World): boolean =>
  observed.current !== null && observed.current.engineId === restoreDue(desired, memory);

function takeBack(desired: DesiredContainer, world: World): World {
  const { observed, memory } = world;
  const engineId = observed.current!.engineId;
  const heldUntil = new Map(memory.heldUntil);
  heldUntil.delete(engineId);
  return remember(world, { engineId, heldUntil, applied: null, ...givenUp(desired, memory) });
}

interface Applied {
  world: World;
  isRefused: boolean;
}

const done = (world: World): Applied => ({ world, isRefused: false });
const refused = (world: World): Applied => ({ world, isRefused: true });

function apply(desired: DesiredContainer, world: World, action: Action): Applied {
  const { observed, memory, now } = world;
  switch (action.type) {
    case "checkImage":
      return done(see(world, { image: { state: world.hasImage ? "present" : "absent" } }));
    case "pullImage": {
      demand(desired.image.fromCommit === null, "no registry has what was committed on the way");
      const hasImage = world.hasImage || world.registryHasImage;
      const pulled = see({ ...world, hasImage }, { image: imageAfterPull(hasImage, now) });
      return hasImage ? done(pulled) : refused(pulled);
    }
    case "createContainer":
      demand(observed.current === null, "a second container is created");
      if (observed.foreignName) return refused(world);
      if (!world.hasImage) return refused(see(world, { image: { state: "absent" } }));
      return done(create(desired, world));
    case "startContainer": {
      const started = find(world, action.engineId ?? observed.current?.engineId);
      demand(started === observed.current, "a held container is started");
      demand(!allOf(observed).some((other) => other !== started && isUp(other)), "two containers are up");
      return done(start(desired, world, started));
    }
    case "stopContainer": {
      const stopped = find(world, action.engineId);
      demand(stopped.state !== "paused", "what is paused hears no signal");
      return done(isUp(stopped) ? alter(world, stopped, { state: "exited", exitCode: 143 }) : world);
    }
    case "unpauseContainer": {
      const unpaused = find(world, action.engineId);
      demand(unpaused.state === "paused", "what is not paused is unpaused");
      return done(alter(world, unpaused, { state: "running" }));
    }
    case "updateContainer":
      demand(find(world, action.engineId) === observed.current, "a held container is updated");
      return done(remember(world, { applied: action.limits }));
    case "renameContainer": {
      const renamed = find(world, action.engineId);
      return observed.foreignName ? refused(world) : done(alter(world, renamed, { engineName: action.name }));
    }
    case "putKeys": {
      const { engineId, state } = find(world, action.engineId);
      demand(engineId === observed.current?.engineId && state === "running", "keys are put into what does not run");
      return done(remember(world, { keys: { engineId, hash: desired.keysHash ?? "" }, keysFailure: null }));
    }
    case "commitContainer":
      demand(desired.image.fromCommit === "own", "nobody asked for a commit");
      demand(!isUp(find(world, action.engineId)), "what still changes is committed");
      return done(see({ ...world, hasImage: true }, { image: { state: "present" } }));
    case "setAsideContainer": {
      const aside = find(world, action.engineId);
      demand(aside === observed.current && !isUp(aside), "a container that is up is set aside");
      const heldUntil = new Map(memory.heldUntil).set(aside.engineId, now + HOLD_MS);
      const held = [...observed.held, { ...aside, engineName: action.name }];
      return done(remember(see(world, { current: null, held }), { heldUntil }));
    }
    case "abandonRecreate":
      return done(remember(world, givenUp(desired, memory)));
    case "putBackContainer":
      demand(observed.current === null, "it is put back beside another");
      return observed.foreignName ? refused(world) : done(putBack(desired, world, action.engineId, action.name));
    case "restoreContainer": {
      demand(observed.current === null, "it is restored beside another");
      const back = find(world, action.engineId);
      const held = observed.held.filter((container) => container !== back);
      const isFree = !observed.foreignName;
      return isFree ? done(see(world, { current: { ...back, engineName: action.name }, held })) : refused(world);
    }
    case "acceptRestored":
      demand(isRestored(desired, world), "what is not restored is accepted");
      return done(world);
    case "abandonRestore":
      demand(restoreDue(desired, memory) !== null, "nobody asked for a restore");
      return done(remember(world, { ...givenUp(desired, memory), restoreFailed: true }));
    case "removeContainer": {
      const removed = find(world, action.engineId);
      demand(!isUp(removed), "a container that is up is removed");
      const current = removed === observed.current ? null : observed.current;
      const held = observed.held.filter((container) => container !== removed);
      return done(see({ ...world, removed: [...world.removed, removed] }, { current, held }));
    }
    case "finishRemoval":
      demand(allOf(observed).length === 0, "a removal is finished while something is left");
      return done({ ...world, isGone: true });
  }
}

/** The runs that a restart ends are over before it starts; that it was started is only recorded afterwards. */
function start(desired: DesiredContainer, world: World, target: EngineContainer): World {
  const running = remember(alter(world, target, { state: "running", exitCode: null, stoppedByHand: false }), {
    keys: null,
  });
  const isForRestart = awaitsRestart(desired, world.memory);
  return isForRestart ? remember(running, { completedRun: desired.restartRun - 1 }) : running;
}

function create(desired: DesiredContainer, world: World): World {
  const current: EngineContainer = {
    engineId: `new-${world.created + 1}`,
    engineName: desired.engineName,
    state: "created",
    exitCode: null,
    generation: desired.generation,
    specHash: desired.specHash,
    stoppedByHand: false,
    isUnhealthy: false,
    holdsGpus: true,
  };
  return remember(see({ ...world, created: world.created + 1 }, { current, image: { state: "present" } }), {
    applied: desired.limits,
  });
}

function putBack(desired: DesiredContainer, world: World, engineId: string, name: string): World {
  const { observed, memory } = world;
  const back = find(world, engineId);
  const heldUntil = new Map(memory.heldUntil);
  heldUntil.delete(engineId);
  const held = observed.held.filter((container) => container !== back);
  return remember(see(world, { current: { ...back, engineName: name }, held }), {
    heldUntil,
    ...givenUp(desired, memory),
  });
}

const givenUp = (desired: DesiredContainer, memory: Memory): Partial<Memory> => ({
  abandonedGeneration: desired.generation,
  recreateFailures: 0,
  startedRun: Math.min(memory.startedRun, desired.run - 1),
});

const allOf = (observed: ObservedContainer): EngineContainer[] => [
  ...(observed.current ? [observed.current] : []),
  ...observed.held,
];

function find(world: World, engineId: string | undefined): EngineContainer {
  const found = allOf(world.observed).find((container) => container.engineId === engineId);
  if (!found) throw new PlanError(`no container ${engineId}`);
  return found;
}

function demand(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new PlanError(otherwise);
}

const see = (world: World, seen: Partial<ObservedContainer>): World => ({
  ...world,
  observed: { ...world.observed, ...seen },
});

const remember = (world: World, known: Partial<Memory>): World => ({ ...world, memory: { ...world.memory, ...known } });

function alter(world: World, target: EngineContainer, change: Partial<EngineContainer>): World {
  const altered = (container: EngineContainer): EngineContainer =>
    container === target ? { ...container, ...change } : container;
  const { current, held } = world.observed;
  return see(world, { current: current && altered(current), held: held.map(altered) });
}

const imageAfterPull = (hasImage: boolean, now: number): ObservedImage =>
  hasImage
    ? { state: "present" }
    : { state: "failed", reason: "PullFailed", message: "not found", retryAt: now + PULL_RETRY_MS };
