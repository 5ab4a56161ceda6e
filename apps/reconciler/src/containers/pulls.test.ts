import { setImmediate as turn } from "node:timers/promises";
import {
  type Engine,
  EngineError,
  type EngineErrorKind,
  type InspectedImage,
  type PullOptions,
} from "@berth/docker/engine.ts";
import { expect, test } from "vitest";
import type { ObservedImage } from "../plan/types.ts";
import { createMachineLanes, createSharedLanes } from "../queue/lanes.ts";
import { createPulls, type PullNews } from "./pulls.ts";

const NOW = 1_000_000;
const NOTHING = {} as InspectedImage;

/** An engine whose pulls last until the test ends them. */
function pulling() {
  const begun: string[] = [];
  const endings = new Map<string, PromiseWithResolvers<void>>();
  const engine: Pick<Engine, "pullImage"> = {
    async pullImage(reference: string, options?: PullOptions) {
      begun.push(reference);
      const ending = Promise.withResolvers<void>();
      endings.set(reference, ending);
      options?.signal?.addEventListener("abort", () => ending.reject(new EngineError("closed", "aborted")));
      await ending.promise;
      return NOTHING;
    },
  };
  const lanes = createMachineLanes(createSharedLanes());
  const notes: [string, PullNews["state"]][] = [];
  const pulls = createPulls({
    pull: (reference, options) => lanes.pull(() => engine.pullImage(reference, options)),
    authorize: async ({ image_id }) => (image_id === null ? undefined : "a token"),
    note: ({ reference }, { state }) => notes.push([reference, state]),
    now: () => NOW,
    random: () => 1,
  });
  const told: [string, ObservedImage][] = [];
  return {
    pulls,
    begun,
    told,
    /** Resolves when the engine was asked, if it is. */
    async begin(reference: string, who = reference): Promise<void> {
      pulls.begin({ reference, image_id: null }, (image) => told.push([who, image]));
      await turn();
    },
    async end(reference: string): Promise<void> {
      endings.get(reference)!.resolve();
      await turn();
    },
    async fail(reference: string, kind: EngineErrorKind): Promise<void> {
      endings.get(reference)!.reject(new EngineError(kind, "no"));
      await turn();
    },
  };
}

test("pulls an image once, however many containers wait for it, and tells each", async () => {
  const { begin, begun, told, end } = pulling();
  await begin("a", "first");
  await begin("a", "second");
  await begin("b", "other");
  await begin("a", "third");
  expect(begun).toEqual(["a", "b"]);
  await end("a");
  const image = { state: "present" };
  expect(told).toEqual([
    ["first", image],
    ["second", image],
    ["third", image],
  ]);
});

test("pulls again when it is asked again after the end", async () => {
  const { begin, begun, end } = pulling();
  await begin("a");
  await end("a");
  await begin("a");
  expect(begun).toEqual(["a", "a"]);
});

test("tells everybody of a failure, and waits longer after each", async () => {
  const { begin, told, fail } = pulling();
  await begin("a", "first");
  await begin("a", "second");
  await fail("a", "failed");
  await begin("a", "again");
  await fail("a", "unreachable");
  const failed = (retryAt: number) => ({
    state: "failed",
    reason: "PullFailed",
    message: "Pulling a failed: no",
    retryAt,
  });
  expect(told).toEqual([
    ["first", failed(NOW + 10_000)],
    ["second", failed(NOW + 10_000)],
    ["again", failed(NOW + 20_000)],
  ]);
});

test("forgets earlier failures once a pull went well", async () => {
  const { begin, told, end, fail } = pulling();
  await begin("a");
  await fail("a", "failed");
  await begin("a");
  await end("a");
  await begin("a");
  await fail("a", "failed");
  expect(told.at(-1)?.[1]).toMatchObject({ retryAt: NOW + 10_000 });
});

test.each(["not_found", "rejected"] as const)("looks only every ten minutes for what was %s", async (kind) => {
  const { begin, told, fail } = pulling();
  await begin("a");
  await fail("a", kind);
  expect(told[0]?.[1]).toMatchObject({ state: "failed", retryAt: NOW + 600_000 });
});

test("ends every pull when the machine is let go, and tells who waited", async () => {
  const { pulls, begin, told } = pulling();
  await begin("a");
  await begin("b");
  pulls.abortAll();
  await turn();
  expect(told.map(([who, image]) => [who, image.state])).toEqual([
    ["a", "failed"],
    ["b", "failed"],
  ]);
});
