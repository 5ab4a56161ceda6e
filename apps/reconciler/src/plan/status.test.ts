import { describe, expect, test } from "vitest";
import { plan } from "./plan.ts";
import { toStatus, type Failure, type ShownStatus } from "./status.ts";
import type { Case as PlanCase } from "./testing/plan-for.ts";
import { containerOf, desiredOf, heldOf, memoryOf, NEVER_CREATED, NOW, observedOf } from "./testing/samples.ts";

interface Case extends PlanCase {
  failure?: Failure;
}

function shown({ desired, current, observed, memory, failure }: Case): ShownStatus {
  const wanted = desiredOf(desired);
  const seen = observedOf({ current: current === null ? null : containerOf(current), ...observed });
  return toStatus(wanted, seen, plan(wanted, seen, memoryOf(memory), NOW), failure ?? null);
}

const exited = { state: "exited", exitCode: 3 } as const;
const consented = { specHash: "v2", generation: 2, consent: { mode: "discard", generation: 2 } } as const;
const limits = { memoryBytes: 2_048, nanoCpus: 1_000 };

describe("the phase", () => {
  const cases: [what: string, phase: string, given: Case][] = [
    ["a container that runs", "Running", {}],
    ["one that should be stopped, and is", "Stopped", { desired: { desired: "stopped" }, current: exited }],
    ["one that is being stopped", "Stopping", { desired: { desired: "stopped" } }],
    ["one that is to be made", "Creating", { current: null, memory: NEVER_CREATED }],
    ["one that is made, and not started", "Starting", { current: { state: "created" } }],
    ["one that is paused and should run", "Starting", { current: { state: "paused" } }],
    ["one whose image is pulled", "Pulling", { observed: { current: null, image: { state: "pulling" } } }],
    ["one whose image is to be pulled", "Pulling", { observed: { current: null, image: { state: "absent" } } }],
    [
      "one whose image can't be had",
      "BackOff",
      {
        observed: {
          current: null,
          image: { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 1 },
        },
      },
    ],
    ["one that the engine restarts", "BackOff", { current: { state: "restarting" } }],
    ["one that pauses between crashes", "BackOff", { current: exited, memory: { startNotBefore: NOW + 1 } }],
    ["one that has done its work", "Completed", { desired: { restart: "no" }, current: exited }],
    ["one whose loss is its end", "Failed", { current: null, desired: { onLoss: "fail" } }],
    ["one whose name is taken", "Failed", { observed: { current: null, foreignName: true } }],
    ["one that something else removes", "Pending", { current: { state: "removing" } }],
    ["one whose change needs consent", "RecreateRequired", { desired: { specHash: "v2" } }],
    [
      "a stopped one whose change needs consent",
      "Stopped",
      { desired: { desired: "stopped", specHash: "v2" }, current: exited },
    ],
    ["one that is being made anew", "Recreating", { desired: consented, observed: { image: { state: "present" } } }],
    [
      "one whose recreate is given up",
      "Recreating",
      {
        desired: consented,
        observed: {
          current: containerOf({ engineId: "new", state: "created", generation: 2, specHash: "v2" }),
          held: [heldOf()],
        },
        memory: { engineId: "old", recreateFailures: 3 },
      },
    ],
    [
      "one that is being restored",
      "Recreating",
      {
        desired: { generation: 3, restore: { engineId: "old", generation: 3 } },
        observed: { current: null, held: [heldOf()] },
      },
    ],
    ["one that is being removed", "Removing", { desired: { desired: "removed" } }],
    [
      "one whose removal takes its time",
      "Removing",
      { desired: { desired: "removed" }, current: { state: "removing" } },
    ],
    ["one that is gone as wanted", "Removing", { desired: { desired: "removed" }, current: null }],
    [
      "one whose removal failed",
      "Removing",
      { desired: { desired: "removed" }, failure: { message: "engine said 500", isTerminal: false } },
    ],
    [
      "one whose removal takes its time after a failure",
      "Removing",
      {
        desired: { desired: "removed" },
        current: { state: "removing" },
        failure: { message: "removal is in progress", isTerminal: false },
      },
    ],
    ["one whose last attempt failed", "BackOff", { current: exited, failure: { message: "m", isTerminal: false } }],
    ["one that only a change can help", "Failed", { current: exited, failure: { message: "m", isTerminal: true } }],
    ["a stopped one whose limits change", "Stopped", { desired: { desired: "stopped", limits }, current: exited }],
    ["a running one whose limits change", "Running", { desired: { limits } }],
    ["one that starts after its limits change", "Starting", { desired: { limits }, current: exited }],
    [
      "a running one whose hold ran out",
      "Running",
      { observed: { held: [heldOf()] }, memory: { heldUntil: new Map([["old", NOW]]) } },
    ],
    [
      "a running one whose held one is to be stopped",
      "Running",
      { observed: { held: [heldOf({ state: "running" })] } },
    ],
    [
      "a running one whose hold can't be removed",
      "BackOff",
      {
        observed: { held: [heldOf()] },
        memory: { heldUntil: new Map([["old", NOW]]) },
        failure: { message: "device or resource busy", isTerminal: false },
      },
    ],
  ];
  test.each(cases)("of %s is %s", (_what, phase, given) => expect(shown(given).phase).toBe(phase));
});

describe("running", () => {
  test("is true only of a container that the engine runs", () => {
    expect(shown({}).running).toBe(true);
    for (const state of ["created", "paused", "restarting", "removing", "exited", "dead"] as const) {
      expect(shown({ current: { state } }).running).toBe(false);
    }
    expect(shown({ current: null }).running).toBe(false);
  });
  test("stays true while a change that needs consent waits, or an image for it can't be had", () => {
    expect(shown({ desired: { specHash: "v2" } }).running).toBe(true);
    expect(shown({ desired: consented, observed: { image: { state: "pulling" } } }).running).toBe(true);
  });
  test("is not true of what a recreate set aside", () => {
    expect(shown({ observed: { current: null, held: [heldOf({ state: "running" })] } }).running).toBe(false);
  });
});

describe("the exit code", () => {
  test("is that of the container's end, and none while it runs or where it is gone", () => {
    expect(shown({ current: exited }).exitCode).toBe(3);
    expect(shown({ current: { state: "running", exitCode: 0 } }).exitCode).toBeNull();
    expect(shown({ current: null }).exitCode).toBeNull();
  });
});

describe("the message", () => {
  test("of a container that is as it should be is empty", () => {
    expect(shown({}).message).toBe("");
  });
  test("is why the last attempt failed, before anything else", () => {
    expect(shown({ current: exited, failure: { message: "no space left", isTerminal: false } }).message).toBe(
      "no space left",
    );
  });
  test("says what is done next", () => {
    expect(shown({ current: exited }).message).toBe("Next: start c1 (exited with 3).");
  });
  test("gives the exit code of what has done its work", () => {
    expect(shown({ desired: { restart: "no" }, current: exited }).message).toBe(
      "Ended with exit code 3. Start it to run it again.",
    );
    expect(shown({ current: null, memory: { completedRun: 1 } }).message).toContain("exit code unknown");
  });
  test("tells a crash loop by the engine from one that Berth slows down", () => {
    expect(shown({ current: { state: "restarting", exitCode: 7 } }).message).toContain("its last exit code is 7");
    expect(shown({ current: exited, memory: { startNotBefore: NOW + 1 } }).message).toContain("after a pause");
  });
  test("tells of a restore that came to nothing, whatever became of the container", () => {
    const memory = { restoreFailed: true };
    expect(shown({ memory }).message).toContain("gone from its machine");
    expect(shown({ memory, desired: { desired: "stopped" }, current: exited }).message).toContain("gone from its");
  });
  test("tells what hinders: a lost container, a name that is taken, an image that can't be had", () => {
    expect(shown({ current: null, desired: { onLoss: "fail" } }).message).toContain("what was inside it is gone");
    expect(shown({ observed: { current: null, foreignName: true } }).message).toContain("rename or remove it there");
    const image = { state: "failed", reason: "PullFailed", message: "no such tag", retryAt: NOW + 1 } as const;
    expect(shown({ observed: { current: null, image }, memory: NEVER_CREATED }).message).toBe("no such tag");
  });
});

test("shows the plan's claims as they are", () => {
  expect(shown({ desired: { specHash: "v2" } }).claims).toMatchObject([
    { type: "RecreateRequired", status: "true", reason: "FixedAtCreate" },
  ]);
  expect(shown({}).claims).toEqual([]);
});
