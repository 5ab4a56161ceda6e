import { describe, expect, test } from "vitest";
import { acceptedEngineId } from "./facts.ts";
import { claimsFor, EXITED, planFor, textFor, type Case } from "./testing/plan-for.ts";
import { containerOf, desiredOf, ENGINE_NAME, heldOf, IMAGE, memoryOf, NOW, observedOf } from "./testing/samples.ts";
import type { Memory } from "./types.ts";

describe("a recreate", () => {
  const OLD_NAME = `${ENGINE_NAME}-old-1`;
  const consented = { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } } as const;
  const preserving = {
    specHash: "v2",
    generation: 2,
    consent: { mode: "preserve", generation: 2 },
    image: { reference: "alice/job:keep-2", fromCommit: "own" },
  } as const;
  const present = { state: "present" } as const;
  const old = heldOf();
  const created = containerOf({ engineId: "new", state: "created", generation: 2, specHash: "v2" });
  /** As it is once the old one was set aside. */
  const setAside = { engineId: "old", heldUntil: new Map([["old", NOW + 1_000]]) };

  test("waits for the owner's word", () => {
    expect(textFor({ desired: { specHash: "v2", generation: 2 } })).toBe("running");
    expect(claimsFor({ desired: { specHash: "v2", generation: 2 } })).toEqual(["RecreateRequired"]);
  });
  test("is given up after three failures before anything was set aside, and the old one starts again", () => {
    const given = { desired: preserving, observed: { current: containerOf(EXITED) } };
    expect(textFor({ ...given, memory: { recreateFailures: 3 } })).toBe(
      "abandon the recreate (the recreate failed 3 times)",
    );
    const givenUp = { recreateFailures: 0, abandonedGeneration: 2, startedRun: 0 };
    expect(textFor({ ...given, memory: givenUp })).toBe("start c1 (start requested)");
    expect(claimsFor({ ...given, memory: givenUp })).toEqual(["RecreateFailed"]);
  });
  test("wants a word that is newer than the container", () => {
    const stale: Case = { desired: { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 1 } } };
    expect(textFor(stale)).toBe("running");
    expect(claimsFor(stale)).toEqual(["RecreateRequired"]);
  });
  test("does nothing to a container that is already as the spec has it", () => {
    expect(textFor({ desired: { ...consented, specHash: "v1" } })).toBe("running");
    expect(claimsFor({ desired: { ...consented, specHash: "v1" } })).toEqual([]);
  });
  test("looks for the image before it touches the old container", () => {
    expect(textFor({ desired: consented })).toBe(`check ${IMAGE} (spec changed, discard)`);
    expect(textFor({ desired: consented, observed: { image: { state: "absent" } } })).toBe(
      `pull ${IMAGE} (spec changed, discard)`,
    );
  });
  test("leaves the old container running while the image is pulled, and where it can't be", () => {
    expect(textFor({ desired: consented, observed: { image: { state: "pulling" } } })).toBe("pulling");
    expect(
      textFor({
        desired: consented,
        observed: { image: { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 1 } },
      }),
    ).toBe("pullFailed");
  });
  test("keeps the old container as it should be while the image is awaited", () => {
    const pulling = { state: "pulling" } as const;
    expect(textFor({ desired: consented, observed: { current: containerOf(EXITED), image: pulling } })).toBe(
      "start c1 (exited with 1)",
    );
    expect(textFor({ desired: { ...consented, desired: "stopped" }, observed: { image: pulling } })).toBe(
      "stop c1 (should be stopped)",
    );
  });
  test("is looked at again when the first of its waits is over", () => {
    expect(
      planFor({
        desired: consented,
        observed: {
          current: containerOf(EXITED),
          image: { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 9 },
        },
        memory: { startNotBefore: NOW + 5 },
      }),
    ).toMatchObject({ actions: [], wakeAt: NOW + 5 });
  });
  test("stops the old one, sets it aside, and only then creates and starts", () => {
    expect(textFor({ desired: consented, observed: { image: present } })).toBe(
      `stop c1 (spec changed, discard) → set aside c1 as ${OLD_NAME} (spec changed, discard) → ` +
        "create (spec changed, discard) → start (spec changed, discard)",
    );
  });
  test("commits first where the owner keeps what is inside", () => {
    expect(textFor({ desired: preserving, observed: { image: { state: "absent" } } })).toBe(
      "stop c1 (spec changed, preserve) → commit c1 as alice/job:keep-2 (spec changed, preserve) → " +
        `set aside c1 as ${OLD_NAME} (spec changed, preserve) → ` +
        "create (spec changed, preserve) → start (spec changed, preserve)",
    );
  });
  test("does not claim that an image is lost which it is about to commit", () => {
    expect(claimsFor({ desired: preserving, observed: { image: { state: "absent" } } })).toEqual([]);
  });
  test("never commits under the name of an image that keeps another container's content", () => {
    const image = { reference: "alice/other:keep-2", fromCommit: "other" } as const;
    const given: Case = { desired: { ...consented, image }, observed: { image: { state: "absent" } } };
    expect(textFor(given)).toBe("running");
    expect(claimsFor(given)).toEqual(["ImageLost"]);
    const aside: Case = { ...given, current: null, observed: { ...given.observed, held: [old] }, memory: setAside };
    expect(textFor(aside)).toBe(
      `put back old as ${ENGINE_NAME} (its image can't be had) → start old (its image can't be had)`,
    );
  });
  test("waits for the next start of what should not run, and of what has done its work", () => {
    const down = { observed: { current: containerOf(EXITED), image: present } };
    expect(textFor({ ...down, desired: { ...consented, desired: "stopped" } })).toBe("stopped");
    const ended = { ...down, desired: { ...consented, restart: "no" } } as const;
    expect(textFor({ ...ended, memory: { completedRun: 1 } })).toBe("completed");
    expect(textFor({ ...ended, desired: { ...ended.desired, run: 2 }, memory: { completedRun: 1 } })).toBe(
      `set aside c1 as ${OLD_NAME} (spec changed, discard) → ` +
        "create (spec changed, discard) → start (spec changed, discard)",
    );
  });

  test("puts the old one back where the image turns out not to be had, and starts it if its GPUs are still its own", () => {
    const failed = { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 1 } as const;
    const given = { desired: consented, current: null, observed: { held: [old], image: failed }, memory: setAside };
    const putBack = `put back old as ${ENGINE_NAME} (its image can't be had)`;
    expect(textFor(given)).toBe(`${putBack} → start old (its image can't be had)`);
    const taken = { ...given, observed: { ...given.observed, held: [heldOf({ holdsGpus: false })] } };
    expect(textFor(taken)).toBe(putBack);
  });

  describe("that was interrupted", () => {
    test("after the stop goes on to set aside", () => {
      expect(textFor({ desired: consented, observed: { current: containerOf(EXITED), image: present } })).toBe(
        `set aside c1 as ${OLD_NAME} (spec changed, discard) → ` +
          "create (spec changed, discard) → start (spec changed, discard)",
      );
    });
    test("after the commit does not commit again", () => {
      expect(textFor({ desired: preserving, observed: { current: containerOf(EXITED), image: present } })).toBe(
        `set aside c1 as ${OLD_NAME} (spec changed, preserve) → ` +
          "create (spec changed, preserve) → start (spec changed, preserve)",
      );
    });
    test("after the old one was set aside goes on to create", () => {
      const given: Case = { desired: consented, observed: { current: null, held: [old] }, memory: setAside };
      expect(textFor(given)).toBe("create (the old one is set aside) → start (not running)");
      expect(claimsFor(given)).toEqual([]);
    });
    test("after the old one was set aside creates without a start where it should be stopped or is done", () => {
      const observed = { current: null, held: [old] };
      expect(textFor({ desired: { ...consented, desired: "stopped" }, observed, memory: setAside })).toBe(
        "create (the old one is set aside)",
      );
      expect(
        textFor({
          desired: { ...consented, desired: "stopped" },
          observed,
          memory: { ...setAside, startNotBefore: NOW + 5 },
        }),
      ).toBe("create (the old one is set aside)");
      expect(textFor({ desired: consented, observed, memory: { ...setAside, completedRun: 1 } })).toBe(
        "create (the old one is set aside)",
      );
    });
    test("after the old one was set aside commits it again where the image went missing meanwhile", () => {
      const given: Case = {
        desired: preserving,
        observed: { current: null, held: [old], image: { state: "absent" } },
        memory: setAside,
      };
      expect(textFor(given)).toBe(
        "commit old as alice/job:keep-2 (the old one is set aside) → " +
          "create (the old one is set aside) → start (not running)",
      );
      expect(claimsFor(given)).toEqual([]);
    });
    test("after the create goes on to start, and takes the new one for the container only once it was up", () => {
      const observed = { current: created, held: [old] };
      expect(textFor({ desired: consented, observed, memory: setAside })).toBe("start new (created, not started)");
      expect(acceptedEngineId(desiredOf(consented), observedOf(observed), memoryOf(setAside))).toBe("old");
      const up = { ...observed, current: { ...created, state: "running" } as const };
      expect(acceptedEngineId(desiredOf(consented), observedOf(up), memoryOf(setAside))).toBe("new");
      const stopped = desiredOf({ ...consented, desired: "stopped" });
      expect(acceptedEngineId(stopped, observedOf(observed), memoryOf(setAside))).toBe("new");
      expect(acceptedEngineId(stopped, observedOf({ current: null }), memoryOf(setAside))).toBe("old");
    });
    test("after the start has nothing left to do until the hold runs out", () => {
      const observed = { current: { ...created, state: "running" } as const, held: [old] };
      expect(planFor({ desired: consented, observed, memory: { ...setAside, engineId: "new" } })).toMatchObject({
        actions: [],
        standing: "running",
        wakeAt: NOW + 1_000,
      });
    });
  });

  describe("whose new container fails", () => {
    const failing = { ...setAside, recreateFailures: 3 };
    const cause = "the new container failed 3 times";
    test("is tried three times", () => {
      const memory = { ...setAside, recreateFailures: 2 };
      expect(textFor({ desired: consented, observed: { current: null, held: [old] }, memory })).toBe(
        "create (the old one is set aside) → start (not running)",
      );
      expect(textFor({ desired: consented, observed: { current: created, held: [old] }, memory })).toBe(
        "start new (created, not started)",
      );
    });
    test("puts the old one back after the third time, and starts it", () => {
      expect(textFor({ desired: consented, observed: { current: null, held: [old] }, memory: failing })).toBe(
        `put back old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
      );
    });
    test("starts what was put back at once: the pause after the failures was the new one's", () => {
      const memory = { ...failing, startNotBefore: NOW + 5 };
      expect(textFor({ desired: consented, observed: { current: null, held: [old] }, memory })).toBe(
        `put back old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
      );
    });
    test("removes the new one that never ran, as it bears the name", () => {
      expect(textFor({ desired: consented, observed: { current: created, held: [old] }, memory: failing })).toBe(
        `remove new (${cause}) → put back old as ${ENGINE_NAME} (${cause}) → start old (${cause})`,
      );
    });
    test("keeps the new one if it ever ran: what is in it is the owner's", () => {
      expect(
        textFor({
          desired: consented,
          observed: { current: { ...created, ...EXITED }, held: [old] },
          memory: failing,
        }),
      ).toBe("start new (exited with 1)");
    });
    test("puts the old one back without a start where it should be stopped", () => {
      expect(
        textFor({
          desired: { ...consented, desired: "stopped" },
          observed: { current: null, held: [old] },
          memory: failing,
        }),
      ).toBe(`put back old as ${ENGINE_NAME} (${cause})`);
    });
    test("does not put it back under a name that a foreign container took", () => {
      expect(
        textFor({ desired: consented, observed: { current: null, held: [old], foreignName: true }, memory: failing }),
      ).toBe("nameConflict");
    });
    test("starts what was put back when the start was cut off, though its policy is never to restart", () => {
      const current = { ...EXITED, exitCode: 143 };
      expect(
        textFor({
          desired: { ...consented, restart: "no" },
          current,
          memory: { abandonedGeneration: 2, startedRun: 0 },
        }),
      ).toBe("start c1 (start requested)");
    });
    test("is not tried again for the same change, and says so", () => {
      const given: Case = { desired: consented, memory: { abandonedGeneration: 2 } };
      expect(textFor(given)).toBe("running");
      expect(claimsFor(given)).toEqual(["RecreateFailed"]);
    });
    test("is tried again for a newer word of the owner", () => {
      expect(
        textFor({
          desired: { ...consented, generation: 3, consent: { mode: "discard", generation: 3 } },
          memory: { abandonedGeneration: 2 },
        }),
      ).toBe(`check ${IMAGE} (spec changed, discard)`);
    });
  });
});

describe("what a recreate set aside", () => {
  const held = heldOf();
  const until = (time: number): Partial<Memory> => ({ heldUntil: new Map([["old", time]]) });
  test("is kept until its hold runs out, and looked at again then", () => {
    expect(planFor({ observed: { held: [held] }, memory: until(NOW + 1) })).toMatchObject({
      actions: [],
      standing: "running",
      wakeAt: NOW + 1,
    });
  });
  test("is removed when its hold ran out", () => {
    expect(textFor({ observed: { held: [held] }, memory: until(NOW) })).toBe("remove old (its hold ran out)");
  });
  test("is kept where nothing is known of its hold", () => {
    expect(textFor({ observed: { held: [held] } })).toBe("running");
  });
  test("outlives its hold while its successor has not been up", () => {
    const current = containerOf({ engineId: "new", state: "created", generation: 2, specHash: "v2" });
    const memory = { ...until(NOW - 1), engineId: "old", startNotBefore: NOW + 5 };
    expect(planFor({ desired: { specHash: "v2" }, observed: { current, held: [held] }, memory })).toMatchObject({
      actions: [],
      standing: "crashLooping",
      wakeAt: NOW + 5,
    });
  });
  test("is stopped where someone started it", () => {
    const running = heldOf({ state: "running" });
    expect(textFor({ observed: { held: [running] }, memory: until(NOW + 1) })).toBe(
      "stop old (set aside, should not run)",
    );
    expect(textFor({ observed: { held: [heldOf({ state: "paused" })] }, memory: until(NOW + 1) })).toBe(
      "unpause old (set aside, should not run) → stop old (set aside, should not run)",
    );
  });
  test("is stopped before the container is started or made", () => {
    const running = heldOf({ state: "running" });
    expect(textFor({ observed: { current: null, held: [running] }, memory: { engineId: "old" } })).toBe(
      "stop old (set aside, should not run) → create (the old one is set aside) → start (not running)",
    );
    expect(textFor({ observed: { current: containerOf(EXITED), held: [running] } })).toBe(
      "stop old (set aside, should not run) → start c1 (exited with 1)",
    );
  });
  test("is stopped even where nothing else is to be done", () => {
    const running = heldOf({ state: "running" });
    expect(textFor({ desired: { desired: "stopped" }, observed: { current: null, held: [running] } })).toBe(
      "stop old (set aside, should not run)",
    );
  });
  test("is removed with the container", () => {
    expect(
      textFor({
        desired: { desired: "removed" },
        observed: { held: [heldOf({ state: "running" })] },
        memory: until(NOW + 1),
      }),
    ).toBe(
      "stop c1 (removal requested) → remove c1 (removal requested) → " +
        "stop old (removal requested) → remove old (removal requested)",
    );
  });
  test("keeps the removal from being finished", () => {
    const given: Case = {
      desired: { desired: "removed" },
      observed: { current: null, held: [heldOf({ state: "removing" })] },
    };
    expect(planFor(given)).toMatchObject({ actions: [], standing: "removing", wakeAt: NOW + 1_000 });
  });
});
