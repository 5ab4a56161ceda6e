import { expect, test } from "vitest";
import { type Claim, Condition, mergeConditions } from "./condition.ts";

const EARLIER = "2026-01-01T00:00:00.000Z";
const NOW = new Date("2026-01-02T00:00:00.000Z");

const claim = (differs: Partial<Claim> = {}): Claim => ({
  type: "Reachable",
  status: "true",
  reason: "Answers",
  message: "",
  ...differs,
});
const before: Condition[] = [{ ...claim(), since: EARLIER }];

test("keeps since when when a status holds, also where its reason or message is another", () => {
  const [condition] = mergeConditions(before, [claim({ reason: "AnswersAgain", message: "Slowly." })], NOW);
  expect(condition).toEqual({ ...claim({ reason: "AnswersAgain", message: "Slowly." }), since: EARLIER });
});

test("says that a status changed now", () => {
  expect(mergeConditions(before, [claim({ status: "false" })], NOW)[0]?.since).toBe(NOW.toISOString());
});

test("dates what is claimed for the first time, and drops what is not claimed again", () => {
  expect(mergeConditions(before, [claim({ type: "DiskPressure" })], NOW)).toEqual([
    { ...claim({ type: "DiskPressure" }), since: NOW.toISOString() },
  ]);
  expect(mergeConditions(before, [], NOW)).toEqual([]);
});

test("changes nothing where the same is claimed again", () => {
  expect(mergeConditions(before, [claim()], NOW)).toEqual(before);
});

test("makes what its own schema takes", () => {
  for (const condition of mergeConditions(before, [claim({ status: "unknown" })], NOW)) {
    expect(Condition.parse(condition)).toEqual(condition);
  }
});
