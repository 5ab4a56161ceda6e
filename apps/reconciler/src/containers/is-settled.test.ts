import type { Applied } from "@berth/db/containers/load.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { expect, test } from "vitest";
import { toDesired } from "./desired.ts";
import { isSettled } from "./is-settled.ts";
import { newKnown } from "./known-container.ts";
import { madeFromOf } from "./made-from.ts";
import { ENGINE_ID, listedOf, OWNER, type RowDiffers, rowOf } from "./testing/samples.ts";

const session = { owner: OWNER, stoppedByHand: new Set<string>(), now: () => 0 };
const applied: Applied = { memory_bytes: 0, nano_cpus: 0, made_from: madeFromOf(rowOf()) };
/** On the engine runs what `made` says, or what the row does. */
const settled = (differs: RowDiffers, made: RowDiffers = differs): boolean => {
  const listed = listedOf();
  listed.labels[LABEL.spec] = toDesired(rowOf(made)).specHash;
  return isSettled(session, newKnown(rowOf(differs)), [listed]);
};

test("is settled where nothing is to be done and the row says so", () => {
  expect(settled({ status: { applied } })).toBe(true);
  expect(settled({ desired: "stopped", status: { applied } })).toBe(false);
  expect(settled({ status: { applied, phase: "Pending" } })).toBe(false);
  expect(settled({ generation: 2, status: { applied } })).toBe(false);
});

test("is not settled before what it was made from is noted, which an earlier release did not do", () => {
  const unnoted = { ...applied, made_from: null };
  expect(settled({ status: { applied: unnoted } })).toBe(false);
});

test("is settled where nobody can note what it was made from: the row says something else by now", () => {
  const unnoted = { ...applied, made_from: null };
  const conditions = [{ type: "RecreateRequired", status: "true", reason: "", message: "", since: "" } as const];
  const drifted = { spec: { shm: 64 }, status: { applied: unnoted, phase: "RecreateRequired", conditions } } as const;
  expect(settled(drifted, {})).toBe(true);
});

test("is not settled while it has a hold, as of something that was set aside", () => {
  const hold = { engine_id: ENGINE_ID, generation: 1, held_until: new Date(1), made_from: null };
  expect(settled({ held: [hold], status: { applied } })).toBe(false);
});
