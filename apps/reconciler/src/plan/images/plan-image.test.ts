import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DesiredImage,
  type ImageMemory,
  type ImagePlan,
  type ObservedImageWork,
  planImage,
} from "./plan-image.ts";

const NOW = 1_000_000;
const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

const wanted: DesiredImage = { presence: "present", cancelled: false, run: 1, making: "commit" };
const fresh: ImageMemory = {
  observedRun: 0,
  attempt: 0,
  attemptAt: null,
  digest: null,
  job: null,
  failure: null,
};
const nothing: ObservedImageWork = { isMade: false, tagDigest: null, origin: "there" };

const textOf = ({ action, wakeAt, isCommitting }: ImagePlan): string =>
  [
    action === null ? "nothing" : `${action.type}${"attempt" in action ? ` ${action.attempt}` : ""} (${action.cause})`,
    ...(wakeAt === null ? [] : [`again in ${wakeAt - NOW}`]),
    ...(isCommitting ? ["a commit goes on"] : []),
  ].join(", ");

const next = (
  desired: Partial<DesiredImage>,
  memory: Partial<ImageMemory> = {},
  observed: Partial<ObservedImageWork> = {},
): string => textOf(planImage({ ...wanted, ...desired }, { ...fresh, ...memory }, { ...nothing, ...observed }, NOW));

describe("the next step", () => {
  test.each(["commit", "build", "mirror"] as const)("makes what is not made yet by a %s", (making) => {
    expect(next({ making })).toBe(`${making} 1 (not made yet)`);
  });

  test("pushes what is made, and made is what bears the newest number", () => {
    expect(next({}, { attempt: 1 }, { isMade: true })).toBe("push (not on the registry)");
    expect(next({ making: "build" }, { attempt: 1 })).toBe("build 2 (the last attempt made nothing)");
  });

  test("is ready only when the registry has what was pushed", () => {
    expect(next({}, { digest: DIGEST }, { isMade: true, tagDigest: DIGEST })).toBe(
      "finish (the registry has what was pushed)",
    );
    expect(next({}, { digest: DIGEST }, { isMade: true, tagDigest: OTHER })).toBe("push (the registry has another)");
    expect(next({}, { digest: DIGEST }, { isMade: true, tagDigest: null })).toBe("push (the registry has lost it)");
    expect(next({}, { digest: DIGEST }, { tagDigest: null })).toBe("forgetDigest (the registry has lost it)");
  });

  test("leaves alone what has ended, until it is asked for again", () => {
    expect(next({ run: 1 }, { observedRun: 1 })).toBe("nothing");
    expect(next({ run: 2 }, { observedRun: 1, attempt: 1 }, { isMade: true })).toBe("push (not on the registry)");
  });

  test("waits before what failed is tried again, and gives a commit up after five failures", () => {
    const failure = { count: 2, message: "no", retryAt: NOW + 500 };
    expect(next({}, { failure })).toBe("nothing, again in 500");
    expect(next({}, { failure: { ...failure, count: 5, retryAt: NOW } })).toBe("fail (5 commits failed)");
    // A push is never given up: what is made is there.
    const many = { count: 500, message: "no", retryAt: NOW };
    expect(next({}, { failure: many }, { isMade: true })).toBe("push (not on the registry)");
  });
});

describe("a commit whose end nobody saw", () => {
  test("is waited for, and nothing is committed beside it", () => {
    const lost = { attempt: 1, attemptAt: NOW - 10_000 };
    expect(next({}, lost, { origin: "paused" })).toBe("nothing, again in 20000, a commit goes on");
    expect(next({}, lost, { origin: "there" })).toBe("nothing, again in 20000, a commit goes on");
    expect(next({}, lost, { isMade: true, origin: "paused" })).toBe("push (not on the registry)");
  });

  test("is given up after that; what is paused is woken first", () => {
    const lost = { attempt: 1, attemptAt: NOW - 30_000 };
    expect(next({}, lost, { origin: "paused" })).toBe("nothing, again in 1000");
    expect(next({}, lost, { origin: "there" })).toBe("commit 2 (the last attempt made nothing)");
  });

  test("can't be repeated where its container is gone", () => {
    expect(next({}, {}, { origin: "missing" })).toBe("fail (container not found)");
  });
});

describe("what is not wanted any more", () => {
  test("is aborted where it is under way, and never begun", () => {
    expect(next({ presence: "absent" }, { job: "push" })).toBe("abort (removal requested)");
    expect(next({ cancelled: true }, { job: "build" })).toBe("abort (cancelled)");
    expect(next({ presence: "absent" })).toBe("nothing");
    expect(next({ cancelled: true })).toBe("fail (cancelled)");
  });

  test("what is under way and wanted is left to go on", () => {
    expect(next({}, { job: "push" })).toBe("nothing");
    expect(next({}, { job: "commit" })).toBe("nothing, a commit goes on");
  });
});

test("it ends, whatever is killed on the way: as ready or as failed, and never ready with another digest", () => {
  const step = fc.constantFrom("well", "fails", "unseen", "registry loses it", "container goes", "cancel");
  fc.assert(
    fc.property(
      fc.constantFrom("commit", "build", "mirror" as const),
      fc.array(step, { maxLength: 40 }),
      (making, steps) => {
        const desired = { ...wanted, making };
        let memory: ImageMemory = { ...fresh };
        let observed: ObservedImageWork = { ...nothing };
        let now = NOW;
        let made = 0;
        for (let turn = 0; turn < 200; turn++) {
          const happens = steps[turn] ?? "well";
          if (happens === "cancel" && memory.job === null) desired.cancelled = true;
          if (happens === "container goes") observed = { ...observed, origin: "missing" };
          const { action, wakeAt } = planImage(desired, memory, observed, now);
          if (action === null) {
            if (memory.observedRun >= desired.run) return;
            now = wakeAt ?? now;
            if (observed.origin === "paused") observed = { ...observed, origin: "there" };
            continue;
          }
          switch (action.type) {
            case "commit":
            case "build":
            case "mirror":
              memory = {
                ...memory,
                attempt: action.attempt,
                attemptAt: action.type === "commit" ? now : null,
                failure: null,
              };
              if (happens === "well") observed = { ...observed, isMade: true };
              else if (happens === "fails") {
                memory.attemptAt = null;
                memory.failure = { count: (made += 1), message: "no", retryAt: now + 10 };
              } else if (action.type === "commit")
                observed = { ...observed, origin: observed.origin === "there" ? "paused" : "missing" };
              break;
            case "push":
              if (happens === "well") {
                memory = { ...memory, digest: DIGEST, failure: null };
                observed = { ...observed, tagDigest: DIGEST };
              } else if (happens === "registry loses it") memory = { ...memory, digest: DIGEST };
              break;
            case "forgetDigest":
              memory = { ...memory, digest: null };
              break;
            case "finish":
              expect(observed.tagDigest).toBe(action.digest);
              memory = { ...memory, observedRun: desired.run };
              break;
            case "fail":
              memory = { ...memory, observedRun: desired.run };
              break;
            default:
              throw new Error(`nothing is under way that could be aborted: ${action.type}`);
          }
        }
        throw new Error("it never ended");
      },
    ),
  );
});
