import { describe, expect, test } from "vitest";
import { claimsFor, EXITED, planFor, textFor, type Case } from "./testing/plan-for.ts";
import { containerOf, ENGINE_NAME, heldOf, IMAGE, NEVER_CREATED, NOW } from "./testing/samples.ts";
import type { DesiredContainer } from "./types.ts";

const GONE: Case = { current: null };
const NEVER: Case = { current: null, memory: NEVER_CREATED };

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
  test("does not start what was made with GPUs that another may hold now", () => {
    const given = { current: { ...EXITED, holdsGpus: false } };
    expect(textFor(given)).toBe("gpusTaken");
    expect(claimsFor(given)).toEqual(["GpusTaken"]);
    expect(textFor({ current: { ...EXITED, holdsGpus: false, stoppedByHand: true } })).toBe("gpusTaken");
    expect(textFor({ current: { holdsGpus: false } })).toBe("running");
  });
  test("makes anew what was lost and was to stay so, once its owner starts it", () => {
    const lost: Case = { current: null, desired: { onLoss: "fail" }, memory: { engineId: "old", startedRun: 1 } };
    expect(textFor(lost)).toBe("lost");
    expect(textFor({ ...lost, desired: { onLoss: "fail", run: 2 } })).toBe("create (not found) → start (not running)");
  });
  test("tells a loss though what was made from the image has its place already", () => {
    expect(claimsFor({ current: { engineId: "new" }, memory: { engineId: "old" } })).toEqual(["DataLost"]);
    expect(claimsFor({ current: { engineId: "new" }, memory: { engineId: "new" } })).toEqual([]);
  });
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
      observed: { current: null, image: { state: "failed", reason: "PullFailed", message: "no such tag", retryAt } },
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
      desired: { image: { reference: IMAGE, fromCommit: "own" } },
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
  test("is not said to be stopped by hand where its owner had stopped it", () => {
    const current = { ...EXITED, stoppedByHand: true };
    expect(textFor({ desired: { run: 2 }, current })).toBe("start c1 (start requested)");
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

describe("a restart", () => {
  const asked = { run: 2, restartRun: 2 };
  test("stops what runs, and starts it", () => {
    expect(textFor({ desired: asked })).toBe("stop c1 (restart requested) → start c1 (restart requested)");
  });
  test("that was cut after the stop is an ordinary start", () => {
    expect(textFor({ desired: asked, current: { state: "exited", exitCode: 143 } })).toBe("start c1 (start requested)");
    expect(textFor({ desired: { ...asked, restart: "no" }, current: EXITED })).toBe("start c1 (start requested)");
  });
  test("is not done twice: what is up once the runs before it are over was started for it", () => {
    expect(textFor({ desired: asked, memory: { completedRun: 1 } })).toBe("running");
    expect(textFor({ desired: asked, memory: { startedRun: 2 } })).toBe("running");
  });
  test("that is older than a start is done all the same, and once", () => {
    const desired = { run: 3, restartRun: 2 };
    expect(textFor({ desired })).toBe("stop c1 (restart requested) → start c1 (restart requested)");
    expect(textFor({ desired, memory: { completedRun: 1 } })).toBe("running");
  });
  test("of what the engine restarts again and again does not wait", () => {
    expect(textFor({ desired: asked, current: { state: "restarting" } })).toBe(
      "stop c1 (restart requested) → start c1 (restart requested)",
    );
  });
  test("of what is paused unpauses it first, and waits for our own commit", () => {
    expect(textFor({ desired: asked, current: { state: "paused" } })).toBe("unpause c1 (paused)");
    expect(textFor({ desired: asked, current: { state: "paused" }, memory: { committing: true } })).toBe("running");
  });
  test("of what is down, has done its work, or was never made is a start", () => {
    expect(textFor({ desired: asked, current: EXITED })).toBe("start c1 (start requested)");
    expect(textFor({ desired: asked, current: EXITED, memory: { completedRun: 1 } })).toBe(
      "start c1 (start requested)",
    );
    expect(textFor({ ...NEVER, desired: asked })).toBe("create (not found) → start (not running)");
  });
  test("of what should be stopped by now stops it", () => {
    expect(textFor({ desired: { ...asked, desired: "stopped" } })).toBe("stop c1 (should be stopped)");
  });
  test("is part of a recreate that is due", () => {
    const due = { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } } as const;
    const observed = { image: { state: "present" } } as const;
    expect(textFor({ desired: { ...asked, ...due }, observed })).toContain(
      "stop c1 (spec changed, discard) → set aside",
    );
  });
  test("is not begun where it could not be started again: its GPUs are another's", () => {
    expect(textFor({ desired: asked, current: { holdsGpus: false } })).toBe("running");
  });
  test("changes what can be changed in place on the way", () => {
    const limits = { memoryBytes: 2_048, nanoCpus: 1_000 };
    expect(textFor({ desired: { ...asked, limits } })).toBe(
      "update c1 (limits changed) → stop c1 (restart requested) → start c1 (restart requested)",
    );
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

describe("the owner's ssh keys", () => {
  const wanted = { keysHash: "k1" };
  const [there, older] = [
    { engineId: "c1", hash: "k1" },
    { engineId: "c1", hash: "k0" },
  ];
  const failure = (retryAt: number) => ({ keysFailure: { message: "no space", retryAt } });

  test.each([
    ["are put into what was started", { desired: wanted }, "put keys c1 (started)"],
    [
      "are put anew when they change",
      { desired: wanted, memory: { keys: older } },
      "put keys c1 (its owner's keys changed)",
    ],
    [
      "are put into another container",
      { desired: wanted, memory: { keys: { ...there, engineId: "c0" } } },
      "put keys c1 (started)",
    ],
    ["are left alone where they are there", { desired: wanted, memory: { keys: there } }, "running"],
    ["are nothing to a container without an sshd", { memory: { keys: older } }, "running"],
    ["wait for a container that does not run", { desired: wanted, current: EXITED }, "start c1 (exited with 1)"],
    ["wait after a failure", { desired: wanted, memory: failure(NOW + 1) }, "running"],
    ["are tried again then", { desired: wanted, memory: failure(NOW) }, "put keys c1 (started)"],
  ] satisfies [string, Case, string][])("%s", (_what, given, text) => expect(textFor(given)).toBe(text));

  test("that can't be put are told, and the container runs on", () => {
    const given = { desired: wanted, memory: failure(NOW + 5) };
    expect(planFor(given)).toMatchObject({ standing: "running", wakeAt: NOW + 5 });
    expect(claimsFor(given)).toEqual(["SshKeys"]);
  });
});

test("a failing health check is told while it runs, and changes nothing", () => {
  expect(textFor({ current: { isUnhealthy: true } })).toBe("running");
  expect(claimsFor({ current: { isUnhealthy: true } })).toEqual(["Ready"]);
  expect(claimsFor({ current: { ...EXITED, isUnhealthy: true } })).toEqual([]);
});

describe("a container of our uid that no record knows", () => {
  const given: Case = { observed: { current: containerOf({ ...EXITED }), unknownTwin: true } };
  test("keeps ours from being started beside it", () => {
    expect(textFor(given)).toBe("nameConflict");
    expect(claimsFor(given)).toEqual(["UnknownTwin"]);
  });
  test("does not keep ours from being removed", () => {
    expect(textFor({ ...given, desired: { desired: "removed" } })).toBe("remove c1 (removal requested)");
  });
  test("is left alone also where it is known as set aside: it may hold the newest data, however old its hold", () => {
    const held = [heldOf({ engineName: ENGINE_NAME, state: "running" })];
    const observed = { ...given.observed, held };
    const memory = { heldUntil: new Map([["old", NOW - 1]]) };
    expect(textFor({ observed, memory })).toBe("nameConflict");
    expect(claimsFor({ observed, memory })).toEqual(["UnknownTwin"]);
    const down = { ...observed, held: [heldOf({ engineName: ENGINE_NAME })] };
    expect(textFor({ observed: down, memory })).toBe("nameConflict");
    expect(textFor({ observed, memory, desired: { desired: "removed" } })).toContain("remove old (removal requested)");
  });
});

describe("a foreign container that bears our name", () => {
  test("is left alone, and nothing is created beside it", () => {
    const given: Case = { ...NEVER, observed: { current: null, foreignName: true } };
    expect(textFor(given)).toBe("nameConflict");
    expect(claimsFor(given)).toEqual(["NameConflict"]);
  });
  test("is looked for again every quarter of a minute, as no event tells that it is gone", () => {
    expect(planFor({ observed: { current: null, foreignName: true } }).wakeAt).toBe(NOW + 15_000);
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
