import { describe, expect, test } from "vitest";
import { acceptedEngineId } from "./facts.ts";
import { claimsFor, EXITED, planFor, textFor, type Case } from "./testing/plan-for.ts";
import { containerOf, desiredOf, ENGINE_NAME, heldOf, memoryOf, NOW, observedOf } from "./testing/samples.ts";

/** Generation 2 took the place of generation 1, and generation 3 wants that back. */
const asked = { generation: 3, specHash: "v1", restore: { engineId: "old", generation: 3 } } as const;
const old = heldOf();
const current = containerOf({ generation: 2, specHash: "v2" });
const memory = { heldUntil: new Map([["old", NOW + 1_000]]) };
const CURRENT_ASIDE = `${ENGINE_NAME}-old-2`;
const cause = "restore requested";

const due: Case = { desired: asked, observed: { current, held: [old] }, memory };
const withCurrent = (differs: Parameters<typeof containerOf>[0]): Case => ({
  ...due,
  observed: { current: { ...current, ...differs }, held: [old] },
});

describe("a restore", () => {
  test("stops the current container, sets it aside, puts the other in its place and starts it", () => {
    expect(textFor(due)).toBe(
      `stop c1 (${cause}) → set aside c1 as ${CURRENT_ASIDE} (${cause}) → ` +
        `restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
    );
    expect(claimsFor({ ...due, observed: { current: { ...current, specHash: "v1" }, held: [old] } })).toEqual([]);
  });
  test("needs no image", () => {
    const image = { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 1 } as const;
    expect(textFor({ ...due, observed: { current: null, held: [old], image } })).toContain("restore old");
  });
  test("does not start what should be stopped, what has done its work, or what has lost its GPUs", () => {
    const swap = `set aside c1 as ${CURRENT_ASIDE} (${cause}) → restore old as ${ENGINE_NAME} (${cause})`;
    const down = withCurrent(EXITED);
    expect(textFor({ ...down, desired: { ...asked, desired: "stopped" } })).toBe(swap);
    expect(textFor({ ...down, memory: { ...memory, completedRun: 1 } })).toBe(swap);
    const taken = { current: { ...current, ...EXITED }, held: [heldOf({ holdsGpus: false })] };
    expect(textFor({ ...due, observed: taken })).toBe(swap);
  });
  test("does not wait for the pause of a crash loop, which was the other one's", () => {
    const given = withCurrent(EXITED);
    expect(textFor({ ...given, memory: { ...memory, startNotBefore: NOW + 5 } })).toContain(`start old (${cause})`);
  });
  test("takes the place of a recreate that is under way, wherever that is", () => {
    const underRecreate = { ...memory, engineId: "old" };
    expect(textFor({ ...due, observed: { current: null, held: [old] }, memory: underRecreate })).toBe(
      `restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
    );
    const made = { ...current, state: "created" } as const;
    expect(textFor({ ...due, observed: { current: made, held: [old] }, memory: underRecreate })).toBe(
      `set aside c1 as ${CURRENT_ASIDE} (${cause}) → restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
    );
  });
  test("brings back what is left where the current container was lost, and tells of no loss afterwards", () => {
    expect(textFor({ ...due, current: null, observed: { current: null, held: [old] } })).toBe(
      `restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
    );
    expect(claimsFor({ desired: asked, current: { engineId: "old" }, memory: { engineId: "old" } })).toEqual([]);
  });
  test("comes before a removal of holds that ran out, of which it may be one", () => {
    const over = { heldUntil: new Map([["old", NOW - 1]]) };
    expect(textFor({ ...due, memory: over })).not.toContain("remove");
    const waiting = { ...withCurrent({ state: "paused" }), memory: over };
    expect(textFor(waiting)).toBe("unpause c1 (paused)");
  });
  test("waits for our own commit, and unpauses what is paused first", () => {
    expect(textFor(withCurrent({ state: "paused" }))).toBe("unpause c1 (paused)");
    const paused = withCurrent({ state: "paused" });
    expect(textFor({ ...paused, memory: { ...memory, committing: true } })).toBe("running");
  });
  test("waits while a stranger bears the name, and leaves the current container running", () => {
    const named = { current: { ...current, engineName: "mine" }, held: [old], foreignName: true };
    expect(textFor({ ...due, observed: named })).toBe("running");
    expect(textFor({ ...due, observed: { current: null, held: [old], foreignName: true } })).toBe("nameConflict");
  });
  test("stops first what somebody started of what was set aside", () => {
    const running = heldOf({ state: "running" });
    expect(textFor({ ...due, observed: { current: null, held: [running] } })).toBe(
      `stop old (set aside, should not run) → restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
    );
  });
  test("gives way to a removal", () => {
    expect(textFor({ ...due, desired: { ...asked, desired: "removed" } })).toContain("remove old (removal requested)");
  });
  test("is done once", () => {
    const done = { ...memory, abandonedGeneration: 3 };
    expect(textFor({ ...due, memory: done })).toBe("running");
  });

  describe("that was interrupted", () => {
    const aside = containerOf({ ...EXITED, engineId: "c1", engineName: CURRENT_ASIDE, generation: 2, specHash: "v2" });
    const both = { heldUntil: new Map([...memory.heldUntil, ["c1", NOW + 2_000]]) };
    test("after the stop goes on to set aside", () => {
      expect(textFor(withCurrent(EXITED))).toContain(`set aside c1 as ${CURRENT_ASIDE} (${cause}) → restore old`);
    });
    test("after the current one was set aside puts the other in its place", () => {
      expect(textFor({ desired: asked, observed: { current: null, held: [old, aside] }, memory: both })).toBe(
        `restore old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
      );
    });
    test("after the rename takes it for the container, and only then goes on with it", () => {
      const back = containerOf({ ...EXITED, engineId: "old" });
      const observed = { current: back, held: [aside] };
      expect(textFor({ desired: asked, observed, memory: both })).toBe(`accept old (${cause})`);
      const accepted = { ...both, engineId: "old", startedRun: 0, abandonedGeneration: 3 };
      expect(textFor({ desired: { ...asked, restart: "no" }, observed, memory: accepted })).toBe(
        "start old (start requested)",
      );
      expect(claimsFor({ desired: asked, observed, memory: accepted })).toEqual([]);
    });
    test("after the start has only to say so", () => {
      const back = containerOf({ engineId: "old" });
      expect(textFor({ desired: asked, observed: { current: back, held: [aside] }, memory: both })).toBe(
        `accept old (${cause})`,
      );
    });
    test("by a restore of what it has just set aside puts that back", () => {
      const other = { ...asked, generation: 4, specHash: "v2", restore: { engineId: "c1", generation: 4 } };
      expect(textFor({ desired: other, observed: { current: null, held: [old, aside] }, memory: both })).toBe(
        `restore c1 as ${ENGINE_NAME} (${cause}) → start c1 (${cause})`,
      );
    });
    test("takes one that was never started for the container at once, as its owner wants that one", () => {
      const back = containerOf({ engineId: "old", state: "created" });
      const accepted = memoryOf({ engineId: "old", abandonedGeneration: 3 });
      expect(acceptedEngineId(desiredOf(asked), observedOf({ current: back, held: [aside] }), accepted)).toBe("old");
    });
  });

  describe("of what is gone", () => {
    const gone = "what was to be restored is gone";
    test("is given up when its hold was forgotten, and the current container stays", () => {
      expect(textFor({ desired: asked, observed: { current, held: [] } })).toBe(`abandon the restore (${gone})`);
      const given = { desired: asked, observed: { current, held: [] } };
      expect(textFor({ ...given, memory: { abandonedGeneration: 3, restoreFailed: true } })).toBe("running");
      expect(claimsFor({ ...given, memory: { abandonedGeneration: 3, restoreFailed: true } })).toEqual([
        "RecreateRequired",
        "RestoreFailed",
      ]);
    });
    test("waits for a second look before it is believed, and keeps the current container as it should be", () => {
      expect(planFor({ desired: asked, observed: { current, held: [] }, memory })).toMatchObject({
        actions: [],
        standing: "running",
        wakeAt: NOW + 1_000,
      });
      const down = { desired: asked, observed: { current: { ...current, ...EXITED }, held: [] }, memory };
      expect(textFor(down)).toBe("start c1 (exited with 1)");
      expect(planFor({ desired: asked, observed: { current: null, held: [] }, memory })).toMatchObject({
        actions: [],
        standing: "converging",
        wakeAt: NOW + 1_000,
      });
    });
    test("puts back, and starts, what it had set aside already", () => {
      const aside = containerOf({ ...EXITED, engineName: CURRENT_ASIDE, generation: 2, specHash: "v2" });
      const observed = { current: null, held: [aside] };
      expect(textFor({ desired: asked, observed })).toBe(
        `put back c1 as ${ENGINE_NAME} (${gone}) → start c1 (${gone})`,
      );
    });
    test("is given up where the engine can't be rid of it either", () => {
      const dead = heldOf({ state: "dead" });
      expect(textFor({ ...due, observed: { current, held: [dead] } })).toBe(`abandon the restore (${gone})`);
      const removing = heldOf({ state: "removing" });
      expect(planFor({ ...due, observed: { current, held: [removing] } })).toMatchObject({
        actions: [],
        wakeAt: NOW + 1_000,
      });
    });
  });
});
