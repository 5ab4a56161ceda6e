import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { awaitsRestart, isUp, restoreDue, underRecreate } from "./facts.ts";
import { plan } from "./plan.ts";
import { anyCase, anyRestore } from "./testing/arbitraries.ts";
import { passTime, recordStatus, simulate, type World } from "./testing/simulate.ts";
import { planText } from "./text.ts";
import type { Action, DesiredContainer, EngineContainer, ObservedContainer, Plan } from "./types.ts";

/** A busy machine must not make a property fail, and a broken one takes its time to shrink. */
vi.setConfig({ testTimeout: 60_000 });

const RUNS = { numRuns: 2_000 };
/** More than the longest way: check, pull, recreate, fail, put back, start, each observed in between. */
const ROUNDS = 15;

const next = (desired: DesiredContainer, world: World): Plan => plan(desired, world.observed, world.memory, world.now);

/** Applies and plans again until nothing is left to do; throws where that never comes. */
function converge(desired: DesiredContainer, start: World): World {
  let world = start;
  const texts: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (world.isGone) return world;
    const { actions } = next(desired, world);
    if (actions.length === 0) return world;
    texts.push(planText(next(desired, world)));
    world = recordStatus(desired, simulate(desired, world, actions));
  }
  throw new Error(`never at rest:\n${texts.join("\n")}`);
}

/** As `converge`, and lets the clock go on to where the plan wants to look again, or to what is under way ends. */
function convergeInTime(desired: DesiredContainer, start: World): World {
  let world = converge(desired, start);
  for (let wake = 0; wake < ROUNDS && !world.isGone; wake += 1) {
    const { wakeAt } = next(desired, world);
    world = converge(desired, passTime(world, wakeAt ?? world.now + 1_000));
  }
  return world;
}

const containersOf = (observed: ObservedContainer): EngineContainer[] => [
  ...(observed.current ? [observed.current] : []),
  ...observed.held,
];

const isOfType =
  <Type extends Action["type"]>(type: Type) =>
  (action: Action): action is Extract<Action, { type: Type }> =>
    action.type === type;

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

test("a plan that is applied leaves nothing to do", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const settled = converge(desired, world);
      if (!settled.isGone) expect(next(desired, settled).actions).toEqual([]);
    }),
    RUNS,
  );
});

test("a plan that is cut anywhere, its outcome recorded or not, is taken up by the next", () => {
  const anyCuts = fc.array(fc.record({ after: fc.nat(4), isRecorded: fc.boolean() }), { maxLength: 4 });
  fc.assert(
    fc.property(anyCase, anyCuts, ({ desired, world: start }, cuts) => {
      let world = start;
      for (const { after, isRecorded } of cuts) {
        if (world.isGone) return;
        world = simulate(desired, world, next(desired, world).actions.slice(0, after));
        if (isRecorded) world = recordStatus(desired, world);
      }
      const settled = converge(desired, world);

      const isWanted = desired.desired !== "removed";
      const lost = settled.removed.filter((one) => {
        const isHoldOver = (start.memory.heldUntil.get(one.engineId) ?? Infinity) <= start.now;
        return one.state !== "created" && !isHoldOver;
      });
      if (isWanted) expect(lost).toEqual([]);
    }),
    RUNS,
  );
});

test("in time the container is as its owner wants it, or the plan says what hinders", () => {
  const hindrances = ["completed", "gpusTaken", "lost", "nameConflict", "pullFailed"];
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const settled = convergeInTime(desired, world);
      const { current } = settled.observed;
      if (desired.desired === "removed") {
        expect(settled.isGone).toBe(true);
      } else if (current?.state === "dead") {
        expect(next(desired, settled).standing).toBe("converging");
      } else if (desired.desired === "stopped") {
        expect(current !== null && isUp(current)).toBe(false);
      } else if (current?.state !== "running") {
        expect(hindrances).toContain(next(desired, settled).standing);
      }
    }),
    RUNS,
  );
});

test("names only the container and what its recreates set aside", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const own = containersOf(world.observed).map((container) => container.engineId);
      for (const action of next(desired, world).actions) {
        if ("engineId" in action && action.engineId !== null) expect(own).toContain(action.engineId);
      }
    }),
    RUNS,
  );
});

test("does nothing beside a twin, save a removal that is asked for", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const { observed } = world;
      if (desired.desired === "removed" || !observed.current) return;
      expect(next(desired, { ...world, observed: { ...observed, unknownTwin: true } }).actions).toEqual([]);
    }),
    RUNS,
  );
});

test("removes nothing unasked but holds that ran out and the never-started container of a given-up recreate", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      if (desired.desired === "removed") return;
      const { observed, memory } = world;
      for (const { engineId } of next(desired, world).actions.filter(isOfType("removeContainer"))) {
        const isHoldOver = observed.held.some(
          (held) =>
            held.engineId === engineId &&
            held !== underRecreate(observed, memory) &&
            (memory.heldUntil.get(engineId) ?? Infinity) <= world.now,
        );
        const isGivenUp =
          observed.current?.engineId === engineId &&
          observed.current.state === "created" &&
          underRecreate(observed, memory) !== null &&
          memory.recreateFailures >= 3;
        expect(isHoldOver || isGivenUp).toBe(true);
      }
    }),
    RUNS,
  );
});

test("removes a container that has run only where its removal is asked for or its hold ran out", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      if (desired.desired === "removed") return;
      for (const gone of convergeInTime(desired, world).removed) {
        const isHeld = world.observed.held.some((held) => held.engineId === gone.engineId);
        const wasSetAside = gone.engineName.includes("-old-");
        expect(gone.state === "created" || isHeld || wasSetAside).toBe(true);
      }
    }),
    RUNS,
  );
});

test("gives the same plan for the same frozen input, and reads no clock", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      deepFreeze(desired);
      deepFreeze(world);
      expect(next(desired, world)).toEqual(next(desired, world));
    }),
    RUNS,
  );
});

test("starts one container at most, and leaves one up at most", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const { actions } = next(desired, world);
      expect(actions.filter(isOfType("startContainer")).length).toBeLessThanOrEqual(1);
      const { observed } = simulate(desired, world, actions);
      expect(containersOf(observed).filter(isUp).length).toBeLessThanOrEqual(1);
    }),
    RUNS,
  );
});

test("starts nothing before its backoff is over, save what was stopped by hand, is put back, restored or restarted", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      fc.pre(world.memory.startNotBefore > world.now);
      const { actions } = next(desired, world);
      const exchanged = [
        ...actions.filter(isOfType("putBackContainer")),
        ...actions.filter(isOfType("restoreContainer")),
      ];
      const putBack = exchanged.map((action) => action.engineId);
      const { current } = world.observed;
      const isAskedFor = current?.stoppedByHand || (current && isUp(current) && awaitsRestart(desired, world.memory));
      const allowed = isAskedFor ? [current.engineId, ...putBack] : putBack;
      for (const { engineId } of actions.filter(isOfType("startContainer"))) expect(allowed).toContain(engineId);
    }),
    RUNS,
  );
});

test("a restart ends what ran before once, wherever it is cut, and what runs then was started for it", () => {
  fc.assert(
    fc.property(anyCase, fc.array(fc.nat(3), { maxLength: 5 }), ({ desired, world: start }, cuts) => {
      if (desired.desired !== "running") return;
      let world = start;
      let stops = 0;
      const run = (isRecorded: boolean, after = Infinity): void => {
        const actions = next(desired, world).actions.slice(0, after);
        stops += actions.filter(({ cause }) => cause === "restart requested").filter(isOfType("stopContainer")).length;
        world = simulate(desired, world, actions);
        if (isRecorded) world = recordStatus(desired, world);
      };
      // A kill takes what was not recorded; what the engine did stays.
      for (const after of cuts) run(false, after);
      for (let round = 0; round < ROUNDS; round += 1) run(true);
      expect(stops).toBeLessThanOrEqual(1);
      if (world.observed.current?.state === "running" && world.observed.current.holdsGpus)
        expect(awaitsRestart(desired, world.memory)).toBe(false);
    }),
    RUNS,
  );
});

test("a restore that can be done is done, wherever it is cut, and neither container is lost", () => {
  const anyCuts = fc.array(fc.record({ after: fc.nat(4), isRecorded: fc.boolean() }), { maxLength: 4 });
  fc.assert(
    fc.property(anyRestore, anyCuts, ({ desired, world: start }, cuts) => {
      const engineId = restoreDue(desired, start.memory);
      const target = containersOf(start.observed).find((one) => one.engineId === engineId);
      if (desired.desired === "removed" || !target || target.state === "dead" || target.state === "removing") return;
      const { current, foreignName } = start.observed;
      if (foreignName || current?.state === "dead" || current?.state === "removing") return;

      let world = start;
      for (const { after, isRecorded } of cuts) {
        world = simulate(desired, world, next(desired, world).actions.slice(0, after));
        if (isRecorded) world = recordStatus(desired, world);
      }
      // Not as long as the current one, set aside in its turn, is held.
      for (let second = 0; second < 3; second += 1) world = passTime(converge(desired, world), world.now + 1_000);
      expect(world.memory.engineId).toBe(engineId);
      expect(world.observed.current?.engineId).toBe(engineId);
      if (current) expect(containersOf(world.observed).map((one) => one.engineId)).toContain(current.engineId);
    }),
    RUNS,
  );
});

test("wants to look again only at a time that is still to come", () => {
  fc.assert(
    fc.property(anyCase, ({ desired, world }) => {
      const { wakeAt } = next(desired, world);
      if (wakeAt !== null) expect(wakeAt).toBeGreaterThan(world.now);
    }),
    RUNS,
  );
});
