import { LABEL } from "@berth/spec/engine-names.ts";
import { describe, expect, test } from "vitest";
import type { MachineSession } from "../machines/machine-session.ts";
import { newKnown } from "./known-container.ts";
import { fromList } from "./observe.ts";
import { ENGINE_ID, ENGINE_NAME, listedOf, OWNER, type RowDiffers, rowOf, UID } from "./testing/samples.ts";

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

describe("what has a hold and bears the name", () => {
  const [C0, C1] = ["0".repeat(64), "1".repeat(64)];
  const hold = (engine_id: string) => ({ engine_id, generation: 1, held_until: new Date(0), made_from: null });
  const see = (row: RowDiffers, listed: ReturnType<typeof listedOf>[]) => {
    const { current, held, unknownTwin } = fromList(sessionWith(), newKnown(rowOf(row)), listed);
    return { current: current?.engineId ?? null, held: held.map(({ engineId }) => engineId), unknownTwin };
  };
  const named = listedOf({ id: C0 });
  const aside = listedOf({ id: C1, name: `${ENGINE_NAME}-old-2`, state: "exited" });

  test("is the container where nothing else is: it must give up the name before another gets it", () => {
    const restoredAgain = { held: [hold(C0), hold(C1)], restore_engine_id: C1, recreate_generation: 4 };
    expect(see({ ...restoredAgain, status: { engine_id: C1 } }, [named, aside])).toEqual({
      current: C0,
      held: [C1],
      unknownTwin: false,
    });
  });
  test("is the container where what was recorded is gone, though somebody has renamed it by hand", () => {
    expect(see({ held: [hold(C0)] }, [named])).toEqual({ current: C0, held: [], unknownTwin: false });
  });
  test("is a twin beside what is recorded, as after a restore that the database has forgotten", () => {
    const forgotten = { held: [hold(C0)], status: { engine_id: C1 } };
    expect(see(forgotten, [named, aside])).toEqual({ current: C1, held: [C0], unknownTwin: true });
    const underEarlierName = listedOf({ id: C0, name: `berth-earlier-${UID.slice(0, 8)}` });
    expect(see(forgotten, [underEarlierName, aside])).toMatchObject({ unknownTwin: true });
  });
  test("is set aside though it was renamed by hand before what was made in its place is recorded", () => {
    const made = { held: [hold(C0)], status: { engine_id: C0, create_open: true } };
    const renamed = listedOf({ id: C0, name: "mine", state: "exited" });
    expect(see(made, [renamed, listedOf({ id: C1 })])).toEqual({ current: C1, held: [C0], unknownTwin: false });
    expect(see(made, [renamed])).toEqual({ current: C0, held: [], unknownTwin: false });
  });
  test("is none where it is to be restored", () => {
    const asked = { held: [hold(C0)], status: { engine_id: C1 }, restore_engine_id: C0, recreate_generation: 3 };
    expect(see(asked, [named, aside])).toEqual({ current: C1, held: [C0], unknownTwin: false });
  });
});

test("knows which ends were made by hand", () => {
  const known = newKnown(rowOf());
  expect(fromList(sessionWith(ENGINE_ID), known, [listedOf()]).current?.stoppedByHand).toBe(true);
  expect(fromList(sessionWith(), known, [listedOf()]).current?.stoppedByHand).toBe(false);
});
