import * as fc from "fast-check";
import { heldNameOf } from "@berth/spec/engine-names.ts";
import type { DesiredContainer, EngineContainer, Memory, ObservedContainer, ObservedImage } from "../types.ts";
import { desiredOf, ENGINE_NAME, IMAGE, NOW } from "./samples.ts";
import type { World } from "./simulate.ts";

const LATER = NOW + 5_000;
const GENERATIONS = 4;

const anyTime = fc.constantFrom(0, NOW - 5_000, NOW, LATER);
const anyLimits = fc.constantFrom({ memoryBytes: 1_024, nanoCpus: 1_000 }, { memoryBytes: 2_048, nanoCpus: 1_000 });

const anyDesired: fc.Arbitrary<DesiredContainer> = fc
  .record({
    desired: fc.constantFrom("running", "stopped", "removed"),
    onLoss: fc.constantFrom("recreate", "fail"),
    restart: fc.constantFrom("unless-stopped", "on-failure", "no"),
    run: fc.integer({ min: 1, max: 3 }),
    restartRun: fc.integer({ min: 0, max: 3 }),
    specHash: fc.constantFrom("v1", "v2"),
    limits: anyLimits,
    fromCommit: fc.constantFrom("own", "other", null),
    keysHash: fc.constantFrom(null, "k1", "k2"),
    generation: fc.integer({ min: 1, max: GENERATIONS }),
    restore: fc.option(
      fc.record({
        engineId: fc.constantFrom("c1", "h1", "h2", "lost"),
        generation: fc.integer({ min: 1, max: GENERATIONS }),
      }),
    ),
    consent: fc.option(
      fc.record({ mode: fc.constantFrom("preserve", "discard"), generation: fc.integer({ min: 1, max: GENERATIONS }) }),
    ),
  })
  .map(({ fromCommit, consent, restore, ...rest }) =>
    desiredOf({
      ...rest,
      restartRun: Math.min(rest.restartRun, rest.run),
      image: { reference: IMAGE, fromCommit },
      consent: consent && { ...consent, generation: Math.min(consent.generation, rest.generation) },
      // One word takes the other's place.
      restore: consent ? null : restore && { ...restore, generation: Math.min(restore.generation, rest.generation) },
    }),
  );

const anyContainer = (engineId: string, newest: number): fc.Arbitrary<EngineContainer> =>
  fc.record({
    engineId: fc.constant(engineId),
    engineName: fc.constantFrom(ENGINE_NAME, "berth-renamed-0123abcd"),
    state: fc.constantFrom("created", "running", "paused", "restarting", "removing", "exited", "dead"),
    exitCode: fc.constantFrom(null, 0, 1),
    generation: fc.integer({ min: 1, max: newest }),
    specHash: fc.constantFrom("v1", "v2"),
    stoppedByHand: fc.boolean(),
    isUnhealthy: fc.boolean(),
    holdsGpus: fc.boolean(),
  });

const anyImage: fc.Arbitrary<ObservedImage> = fc.constantFrom<ObservedImage>(
  { state: "unknown" },
  { state: "present" },
  { state: "absent" },
  { state: "pulling" },
  { state: "failed", reason: "PullFailed", message: "not found", retryAt: NOW - 1 },
  { state: "failed", reason: "PullFailed", message: "not found", retryAt: LATER },
);

const anyHeld = (newest: number): fc.Arbitrary<EngineContainer[]> =>
  fc
    .tuple(fc.option(anyContainer("h1", newest)), fc.option(anyContainer("h2", newest)))
    .map((held) =>
      held.flatMap((one) => (one ? [{ ...one, engineName: heldNameOf(ENGINE_NAME, one.generation) }] : [])),
    );

const anyObserved = (newest: number): fc.Arbitrary<ObservedContainer> =>
  fc
    .record({
      current: fc.option(anyContainer("c1", newest)),
      held: anyHeld(newest),
      foreignName: fc.boolean(),
      unknownTwin: fc.constant(false),
      image: anyImage,
    })
    .map((observed) => ({
      ...observed,
      // One name, one container.
      foreignName: observed.foreignName && observed.current?.engineName !== ENGINE_NAME,
    }));

const anyMemory: fc.Arbitrary<Memory> = fc.record({
  engineId: fc.constantFrom(null, "c1", "h1", "h2", "lost"),
  applied: fc.option(anyLimits),
  startedRun: fc.integer({ min: 0, max: 3 }),
  completedRun: fc.integer({ min: 0, max: 3 }),
  abandonedGeneration: fc.integer({ min: 0, max: GENERATIONS }),
  recreateFailures: fc.integer({ min: 0, max: 4 }),
  heldUntil: fc
    .uniqueArray(fc.tuple(fc.constantFrom("h1", "h2"), anyTime), { selector: ([engineId]) => engineId })
    .map((holds) => new Map(holds)),
  startNotBefore: anyTime,
  keys: fc.option(fc.record({ engineId: fc.constantFrom("c1", "lost"), hash: fc.constantFrom("k1", "k2") })),
  keysFailure: fc.option(fc.record({ message: fc.constant("no space"), retryAt: anyTime })),
  committing: fc.boolean(),
  dataLost: fc.boolean(),
  restoreFailed: fc.boolean(),
});

export interface AnyCase {
  desired: DesiredContainer;
  world: World;
}

const anyUnrelated: fc.Arbitrary<AnyCase> = anyDesired.chain((desired) =>
  fc
    .record({
      observed: anyObserved(desired.generation),
      memory: anyMemory,
      hidesImage: fc.boolean(),
      registryHasImage: fc.boolean(),
    })
    .map(({ observed, memory, hidesImage, registryHasImage }) => ({
      desired,
      world: {
        observed,
        memory,
        now: NOW,
        hasImage: observed.image.state === "present" || (observed.image.state === "unknown" && hidesImage),
        registryHasImage,
        removed: [],
        created: 0,
        isGone: false,
      },
    })),
);

/** What was set aside is to be restored, and is there, however it stands: by chance alone that is rare. */
export const anyRestore: fc.Arbitrary<AnyCase> = anyUnrelated.chain(({ desired, world }) =>
  anyContainer("h1", desired.generation).map((one) => {
    const { observed, memory } = world;
    const aside = { ...one, engineName: heldNameOf(ENGINE_NAME, one.generation) };
    const others = observed.held.filter(({ engineId }) => engineId !== "h1");
    return {
      desired: { ...desired, consent: null, restore: { engineId: "h1", generation: desired.generation } },
      world: {
        ...world,
        observed: { ...observed, held: [aside, ...others] },
        memory: { ...memory, abandonedGeneration: Math.min(memory.abandonedGeneration, desired.generation - 1) },
      },
    };
  }),
);

/** Anything that one could ever be asked to plan for, and what the engine and the registry hold beside it. */
export const anyCase: fc.Arbitrary<AnyCase> = fc.oneof(
  { weight: 3, arbitrary: anyUnrelated },
  { weight: 1, arbitrary: anyRestore },
);
