import { describe, expect, test } from "vitest";
import { acceptedEngineId } from "./facts.ts";
import { plan } from "./plan.ts";
import {
  containerOf,
  desiredOf,
  ENGINE_NAME,
  heldOf,
  IMAGE,
  memoryOf,
  NEVER_CREATED,
  NOW,
  observedOf,
} from "./testing/samples.ts";
import { planText } from "./text.ts";
import type { DesiredContainer, EngineContainer, Memory, ObservedContainer, Plan } from "./types.ts";

interface Case {
  desired?: Partial<DesiredContainer>;
  /** Null where the engine has none. */
  current?: Partial<EngineContainer> | null;
  observed?: Partial<ObservedContainer>;
  memory?: Partial<Memory>;
}

const planFor = ({ desired, current, observed, memory }: Case): Plan =>
  plan(
    desiredOf(desired),
    observedOf({ current: current === null ? null : containerOf(current), ...observed }),
    memoryOf(memory),
    NOW,
  );

const textFor = (given: Case): string => planText(planFor(given));

const claimsFor = (given: Case): string[] => planFor(given).claims.map((claim) => claim.type);

const GONE: Case = { current: null };
const NEVER: Case = { current: null, memory: NEVER_CREATED };
const EXITED = { state: "exited", exitCode: 1 } as const;

describe("what is done in each state, by what is wanted", () => {
  const cases: [state: string, given: Case, running: string, stopped: string, removed: string][] = [
    [
      "never created",
      NEVER,
      "create (not found) → start (not running)",
      "stopped",
      "finish removal (removal requested)",
    ],
    ["absent", GONE, "create (not found) → start (not running)", "stopped", "finish removal (removal requested)"],
    [
      "created",
      { current: { state: "created" } },
      "start c1 (created, not started)",
      "stopped",
      "remove c1 (removal requested)",
    ],
    ["exited", { current: EXITED }, "start c1 (exited with 1)", "stopped", "remove c1 (removal requested)"],
    [
      "stopped by hand",
      { current: { ...EXITED, stoppedByHand: true } },
      "start c1 (stopped by hand)",
      "stopped",
      "remove c1 (removal requested)",
    ],
    [
      "running",
      {},
      "running",
      "stop c1 (should be stopped)",
      "stop c1 (removal requested) → remove c1 (removal requested)",
    ],
    [
      "paused",
      { current: { state: "paused" } },
      "unpause c1 (paused)",
      "unpause c1 (paused)",
      "unpause c1 (removal requested) → stop c1 (removal requested) → remove c1 (removal requested)",
    ],
    [
      "restarting",
      { current: { state: "restarting" } },
      "crashLooping",
      "stop c1 (should be stopped)",
      "stop c1 (removal requested) → remove c1 (removal requested)",
    ],
    ["removing", { current: { state: "removing" } }, "converging", "converging", "removing"],
    ["dead", { current: { state: "dead" } }, "converging", "converging", "remove c1 (removal requested)"],
    [
      "running as it was before its spec changed",
      { desired: { specHash: "v2" } },
      "running",
      "stop c1 (should be stopped)",
      "stop c1 (removal requested) → remove c1 (removal requested)",
    ],
  ];
  for (const [state, given, running, stopped, removed] of cases) {
    const wanting = (desired: DesiredContainer["desired"]): Case => ({
      ...given,
      desired: { ...given.desired, desired },
    });
    test(`${state}, wanted running: ${running}`, () => expect(textFor(wanting("running"))).toBe(running));
    test(`${state}, wanted stopped: ${stopped}`, () => expect(textFor(wanting("stopped"))).toBe(stopped));
    test(`${state}, wanted removed: ${removed}`, () => expect(textFor(wanting("removed"))).toBe(removed));
  }
});

describe("a container that is not there", () => {
  test("is made again from its image, and says that what was inside is gone", () => {
    expect(textFor(GONE)).toBe("create (not found) → start (not running)");
    expect(claimsFor(GONE)).toEqual(["DataLost"]);
  });
  test("is not made again where its owner would rather have it fail", () => {
    expect(textFor({ ...GONE, desired: { onLoss: "fail" } })).toBe("lost");
    expect(claimsFor({ ...GONE, desired: { onLoss: "fail" } })).toEqual(["DataLost"]);
  });
  test("is made where it never was, even if its loss would fail it", () => {
    expect(textFor({ ...NEVER, desired: { onLoss: "fail" } })).toBe("create (not found) → start (not running)");
    expect(claimsFor(NEVER)).toEqual([]);
  });
  test("stays away while it should be stopped, and says that its content is gone", () => {
    expect(textFor({ ...GONE, desired: { desired: "stopped" } })).toBe("stopped");
    expect(claimsFor({ ...GONE, desired: { desired: "stopped" } })).toEqual(["DataLost"]);
  });
  test("stays away after its work was done", () => {
    expect(textFor({ ...GONE, memory: { completedRun: 1 } })).toBe("completed");
  });
  test("goes on telling of the loss when it runs again", () => {
    expect(claimsFor({ memory: { dataLost: true } })).toEqual(["DataLost"]);
  });
  test("tells nobody of a loss that was asked for", () => {
    expect(claimsFor({ ...GONE, desired: { desired: "removed" } })).toEqual([]);
  });
});

describe("an image", () => {
  test("that is missing is pulled before anything is created", () => {
    expect(textFor({ ...NEVER, observed: { current: null, image: { state: "absent" } } })).toBe(
      `pull ${IMAGE} (not found) → create (not found) → start (not running)`,
    );
  });
  test("that is there is not pulled", () => {
    expect(textFor({ ...NEVER, observed: { current: null, image: { state: "present" } } })).toBe(
      "create (not found) → start (not running)",
    );
  });
  test("that is being pulled is waited for", () => {
    expect(textFor({ ...NEVER, observed: { current: null, image: { state: "pulling" } } })).toBe("pulling");
  });
  test("that could not be pulled is tried again when its pause is over, and not before", () => {
    const failed = (retryAt: number): Case => ({
      ...NEVER,
      observed: { current: null, image: { state: "failed", message: "no such tag", retryAt } },
    });
    expect(planFor(failed(NOW + 1))).toMatchObject({ actions: [], standing: "pullFailed", wakeAt: NOW + 1 });
    expect(planFor(failed(NOW + 1)).claims).toMatchObject([
      { type: "ImagePulled", status: "false", message: "no such tag" },
    ]);
    expect(textFor(failed(NOW))).toBe(`pull ${IMAGE} (not found) → create (not found) → start (not running)`);
  });
  test("is pulled while a crash loop's pause lasts, and nothing is started", () => {
    expect(
      textFor({
        observed: { current: null, image: { state: "absent" } },
        memory: { startNotBefore: NOW + 1 },
      }),
    ).toBe(`pull ${IMAGE} (not found)`);
  });
  test("that was committed here and is gone is not looked for in a registry", () => {
    const given: Case = {
      desired: { image: { reference: IMAGE, fromCommit: true } },
      observed: { current: null, image: { state: "absent" } },
    };
    expect(textFor(given)).toBe("lost");
    expect(claimsFor(given)).toEqual(["DataLost", "ImageLost"]);
  });
});

describe("a container that ended", () => {
  test("has done its work where it is not to be restarted", () => {
    expect(textFor({ desired: { restart: "no" }, current: EXITED })).toBe("completed");
    expect(textFor({ desired: { restart: "on-failure" }, current: { state: "exited", exitCode: 0 } })).toBe(
      "completed",
    );
  });
  test("is started again where it failed, or where nothing tells how it ended", () => {
    expect(textFor({ desired: { restart: "on-failure" }, current: EXITED })).toBe("start c1 (exited with 1)");
    expect(textFor({ desired: { restart: "on-failure" }, current: { state: "exited", exitCode: null } })).toBe(
      "start c1 (exited with ?)",
    );
  });
  test("is started again where it is to run until it is stopped, even with code 0", () => {
    expect(textFor({ current: { state: "exited", exitCode: 0 } })).toBe("start c1 (exited with 0)");
  });
  test("is left alone when its work was done, whatever its exit code says later", () => {
    expect(textFor({ current: EXITED, memory: { completedRun: 1 } })).toBe("completed");
    expect(textFor({ current: { ...EXITED, stoppedByHand: true }, memory: { completedRun: 1 } })).toBe("completed");
  });
  test("runs again when its owner asks for another run", () => {
    const desired = { restart: "no", run: 2 } as const;
    expect(textFor({ desired, current: EXITED, memory: { completedRun: 1 } })).toBe("start c1 (start requested)");
  });
  test("is stopped again where someone started it by hand after its work was done: its GPUs were given back", () => {
    expect(textFor({ memory: { completedRun: 1 } })).toBe("stop c1 (completed, started by hand)");
  });
  test("waits for the end of its pause, and is looked at again then", () => {
    for (const current of [EXITED, { state: "created" }] as const) {
      const given: Case = { current, memory: { startNotBefore: NOW + 5 } };
      expect(planFor(given)).toMatchObject({ actions: [], standing: "crashLooping", wakeAt: NOW + 5 });
    }
    expect(textFor({ current: EXITED, memory: { startNotBefore: NOW } })).toBe("start c1 (exited with 1)");
  });
  test("is started at once where it was stopped by hand, whatever its policy, exit code and pause", () => {
    const current = { state: "exited", exitCode: 0, stoppedByHand: true } as const;
    for (const restart of ["no", "on-failure", "unless-stopped"] as const) {
      expect(textFor({ desired: { restart }, current, memory: { startNotBefore: NOW + 5 } })).toBe(
        "start c1 (stopped by hand)",
      );
    }
  });
  test("is not made anew before its pause is over either", () => {
    expect(planFor({ ...GONE, memory: { startNotBefore: NOW + 5 } })).toMatchObject({
      actions: [],
      standing: "crashLooping",
      wakeAt: NOW + 5,
    });
  });
});

describe("what an engine changes in place", () => {
  const limits = { memoryBytes: 2_048, nanoCpus: 1_000 };
  test("memory and cpus are updated together, without a restart", () => {
    expect(textFor({ desired: { limits } })).toBe("update c1 (limits changed)");
    expect(planFor({ desired: { limits } }).actions).toMatchObject([{ limits }]);
    expect(textFor({ desired: { limits: { memoryBytes: 1_024, nanoCpus: 2_000 } } })).toBe(
      "update c1 (limits changed)",
    );
  });
  test("limits of which nothing is remembered are applied", () => {
    expect(textFor({ memory: { applied: null } })).toBe("update c1 (limits changed)");
  });
  test("limits are applied before a start and before a stop", () => {
    expect(textFor({ desired: { limits }, current: EXITED })).toBe(
      "update c1 (limits changed) → start c1 (exited with 1)",
    );
    expect(textFor({ desired: { limits, desired: "stopped" } })).toBe(
      "update c1 (limits changed) → stop c1 (should be stopped)",
    );
  });
  test("a container that was renamed by hand gets its name back", () => {
    expect(textFor({ current: { engineName: "mine" } })).toBe(`rename c1 to ${ENGINE_NAME} (another name)`);
  });
});

describe("a foreign container that bears our name", () => {
  test("is left alone, and nothing is created beside it", () => {
    const given: Case = { ...NEVER, observed: { current: null, foreignName: true } };
    expect(textFor(given)).toBe("nameConflict");
    expect(claimsFor(given)).toEqual(["NameConflict"]);
  });
  test("does not keep ours from being removed", () => {
    expect(textFor({ desired: { desired: "removed" }, observed: { foreignName: true } })).toBe(
      "stop c1 (removal requested) → remove c1 (removal requested)",
    );
    expect(textFor({ desired: { desired: "removed" }, observed: { current: null, foreignName: true } })).toBe(
      "finish removal (removal requested)",
    );
  });
  test("took the name of one that was renamed by hand: ours goes on under the name that it has, and says so", () => {
    const given: Case = { observed: { current: containerOf({ engineName: "mine", ...EXITED }), foreignName: true } };
    expect(textFor(given)).toBe("start c1 (exited with 1)");
    expect(claimsFor(given)).toEqual(["NameConflict"]);
  });
  test("keeps a recreate from stopping a container whose successor could not get the name", () => {
    expect(
      textFor({
        desired: { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } },
        observed: { current: containerOf({ engineName: "mine" }), foreignName: true, image: { state: "present" } },
      }),
    ).toBe("running");
  });
});

describe("a paused container", () => {
  test("is left paused while our own commit pauses it", () => {
    const paused: Case = { current: { state: "paused" }, memory: { committing: true } };
    expect(textFor(paused)).toBe("running");
    expect(textFor({ ...paused, desired: { desired: "stopped" } })).toBe("converging");
  });
  test("is unpaused before anything else is done to it", () => {
    expect(
      textFor({
        desired: { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } },
        current: { state: "paused" },
        observed: { image: { state: "present" }, current: containerOf({ state: "paused" }) },
      }),
    ).toBe("unpause c1 (paused)");
  });
});

describe("a recreate", () => {
  const OLD_NAME = `${ENGINE_NAME}-old-1`;
  const consented = { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } } as const;
  const preserving = {
    specHash: "v2",
    generation: 2,
    consent: { mode: "preserve", generation: 2 },
    image: { reference: "alice/job:keep-2", fromCommit: true },
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
        observed: { image: { state: "failed", message: "no such tag", retryAt: NOW + 1 } },
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
          image: { state: "failed", message: "no such tag", retryAt: NOW + 9 },
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
  test("does not stop what does not run, nor start what should not", () => {
    expect(
      textFor({
        desired: { ...consented, desired: "stopped" },
        observed: { current: containerOf(EXITED), image: present },
      }),
    ).toBe(`set aside c1 as ${OLD_NAME} (spec changed, discard) → create (spec changed, discard)`);
  });
  test("does not start again what has done its work", () => {
    expect(
      textFor({
        desired: { ...consented, restart: "no" },
        observed: { current: containerOf(EXITED), image: present },
        memory: { completedRun: 1 },
      }),
    ).toBe(`set aside c1 as ${OLD_NAME} (spec changed, discard) → create (spec changed, discard)`);
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

describe("where an engine takes its time", () => {
  test("a removal that is not ours is looked at every second", () => {
    expect(planFor({ current: { state: "removing" } }).wakeAt).toBe(NOW + 1_000);
  });
  test("a container that the engine restarts is looked at every half minute", () => {
    expect(planFor({ current: { state: "restarting" } }).wakeAt).toBe(NOW + 30_000);
  });
  test("a container that is as it should be wakes nobody", () => {
    expect(planFor({}).wakeAt).toBeNull();
  });
});
