import { LABEL } from "@berth/spec/engine-names.ts";
import { expect, test } from "vitest";
import type { MachineSession } from "../machines/machine-session.ts";
import { newKnown } from "./known-container.ts";
import { fromList } from "./observe.ts";
import { ENGINE_ID, listedOf, OWNER, rowOf } from "./testing/samples.ts";

const sessionWith = (...stopped: string[]): Pick<MachineSession, "owner" | "stoppedByHand"> => ({
  owner: OWNER,
  stoppedByHand: new Set(stopped),
});
const observedOf = (claimed: string[], labelled: string | null) => {
  const listed = listedOf();
  if (labelled !== null) listed.labels[LABEL.gpus] = labelled;
  return fromList(sessionWith(), newKnown(rowOf({ claimed_gpus: claimed })), [listed]).current;
};

test("says that a container holds its GPUs only where all that it was made with are claimed for it", () => {
  expect(observedOf(["GPU-a", "GPU-b"], "GPU-a,GPU-b")?.holdsGpus).toBe(true);
  expect(observedOf(["GPU-a", "GPU-b", "GPU-c"], "GPU-b")?.holdsGpus).toBe(true);
  expect(observedOf(["GPU-c"], "GPU-a")?.holdsGpus).toBe(false);
  expect(observedOf(["GPU-a"], "GPU-a,GPU-b")?.holdsGpus).toBe(false);
  expect(observedOf([], "GPU-a")?.holdsGpus).toBe(false);
});

test("needs no claim for a container without GPUs", () => {
  expect(observedOf([], null)?.holdsGpus).toBe(true);
});

test("prefers the container that is recorded to another that bears our labels and name", () => {
  const other = listedOf({ id: "f".repeat(64) });
  const known = newKnown(rowOf({ status: { create_open: true } }));
  expect(fromList(sessionWith(), known, [other, listedOf()]).current?.engineId).toBe(ENGINE_ID);
});

test("takes for set aside what is to be restored and was given our name by hand while another is recorded", () => {
  const id = "f".repeat(64);
  const held = [{ engine_id: id, generation: 1, held_until: new Date(0), made_from: null }];
  const known = newKnown(rowOf({ held, restore_engine_id: id, recreate_generation: 3 }));
  const both = [listedOf({ name: "mine" }), listedOf({ id })];
  expect(fromList(sessionWith(), known, both)).toMatchObject({
    current: { engineId: ENGINE_ID },
    held: [{ engineId: id }],
  });
});

test("knows which ends were made by hand", () => {
  const known = newKnown(rowOf());
  expect(fromList(sessionWith(ENGINE_ID), known, [listedOf()]).current?.stoppedByHand).toBe(true);
  expect(fromList(sessionWith(), known, [listedOf()]).current?.stoppedByHand).toBe(false);
});
