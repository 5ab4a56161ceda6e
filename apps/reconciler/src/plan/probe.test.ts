import { expect, test } from "vitest";
import { type ObservedProbe, planProbe, probePlanText, type WantedProbe } from "./probe.ts";

const WANTED: WantedProbe = { specHash: "a" };
const NOTHING_LOST = { lostNvmlId: null };
const observed = (differs: Partial<ObservedProbe> = {}): ObservedProbe => ({
  engineId: "e1",
  state: "running",
  specHash: "a",
  ...differs,
});
const plan = (
  wanted: WantedProbe | null,
  seen: ObservedProbe | null,
  memory = NOTHING_LOST as { lostNvmlId: string | null },
) => probePlanText(planProbe(wanted, seen, memory));

test.each([
  ["is made where there is none", WANTED, null, "bring-image (not there) → create (not there) → start (not there)"],
  ["is left alone where all is well", WANTED, observed(), ""],
  ["is left to the engine's own restarts", WANTED, observed({ state: "restarting" }), ""],
  ["is started where it was created only", WANTED, observed({ state: "created" }), "start (not running)"],
  ["is started where somebody ended it", WANTED, observed({ state: "exited" }), "start (not running)"],
  ["goes on where somebody halted it", WANTED, observed({ state: "paused" }), "unpause (paused)"],
  ["is waited for while it goes", WANTED, observed({ state: "removing" }), ""],
  [
    "is made anew where it could not be removed",
    WANTED,
    observed({ state: "dead" }),
    "remove (dead) → bring-image (dead) → create (dead) → start (dead)",
  ],
  [
    "is made anew of another image",
    WANTED,
    observed({ specHash: "b" }),
    "stop (made otherwise) → remove (made otherwise) → bring-image (made otherwise) → create (made otherwise) → start (made otherwise)",
  ],
  ["goes where none is wanted", null, observed(), "stop (not wanted) → remove (not wanted)"],
  [
    "goes also while it is halted",
    null,
    observed({ state: "paused" }),
    "unpause (not wanted) → stop (not wanted) → remove (not wanted)",
  ],
  ["goes without a stop where it does not run", null, observed({ state: "exited" }), "remove (not wanted)"],
  ["is not made where none is wanted", null, null, ""],
])("a probe %s", (_what, wanted, seen, text) => {
  expect(plan(wanted, seen)).toBe(text);
});

test("a probe is made anew once it has lost the driver, and not because another one had", () => {
  const text = plan(WANTED, observed(), { lostNvmlId: "e1" });
  expect(text).toMatch(/^stop \(lost the driver\) → remove .* → start \(lost the driver\)$/);
  expect(plan(WANTED, observed({ engineId: "e2" }), { lostNvmlId: "e1" })).toBe("");
});
