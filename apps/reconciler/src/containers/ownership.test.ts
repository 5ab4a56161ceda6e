import { LABEL } from "@berth/spec/engine-names.ts";
import { expect, test } from "vitest";
import { isHeld, isOrphan, isOurs, isUnknownTwin } from "./ownership.ts";
import { ENGINE_ID, ENGINE_NAME, listedOf, OWNER, rowOf, UID } from "./testing/samples.ts";

const hold = (engine_id: string) => ({ engine_id, generation: 2, held_until: new Date(0), made_from: null });
const labels = (differs: Record<string, string>) => ({ ...listedOf().labels, ...differs });

test("takes a container for ours whose engine id was recorded, whatever name it was given by hand", () => {
  expect(isOurs(listedOf(), rowOf(), OWNER)).toBe(true);
  expect(isOurs(listedOf({ name: "renamed-by-hand" }), rowOf(), OWNER)).toBe(true);
});

test("leaves a container alone that only copied our labels, as one from a committed image does", () => {
  const copy = listedOf({ id: "f".repeat(64), name: "experiment" });
  expect(isOurs(copy, rowOf(), OWNER)).toBe(false);
  expect(isOurs(copy, rowOf({ status: { create_open: true, engine_id: null } }), OWNER)).toBe(false);
  expect(isOrphan(copy, OWNER)).toBe(false);
});

test("adopts what bears our very name only while a create may be under way", () => {
  const made = listedOf({ id: "f".repeat(64) });
  expect(isOurs(made, rowOf({ status: { create_open: true, engine_id: null } }), OWNER)).toBe(true);
  expect(isOurs(made, rowOf({ status: { create_open: false, engine_id: null } }), OWNER)).toBe(false);
});

test("adopts what was made under the name that its owner has changed since", () => {
  const made = listedOf({ id: "f".repeat(64), name: `berth-earlier-${UID.slice(0, 8)}` });
  expect(isOurs(made, rowOf({ status: { create_open: true, engine_id: null } }), OWNER)).toBe(true);
});

test("tells what bears our labels and name beside the one that was recorded", () => {
  const twin = listedOf({ id: "f".repeat(64) });
  expect(isUnknownTwin(twin, rowOf(), OWNER)).toBe(true);
  expect(isUnknownTwin(listedOf(), rowOf(), OWNER)).toBe(false);
  expect(isUnknownTwin(listedOf({ id: "f".repeat(64), name: `${ENGINE_NAME}-old-2` }), rowOf(), OWNER)).toBe(false);
  expect(isUnknownTwin(listedOf({ id: "f".repeat(64), name: "experiment" }), rowOf(), OWNER)).toBe(false);
});

test.each([
  ["another installation's", LABEL.installation],
  ["another machine's, whose disk was cloned", LABEL.machine],
  ["another container's", LABEL.uid],
])("leaves %s container alone, even with a recorded id", (_whose, label) => {
  expect(isOurs(listedOf({ labels: labels({ [label]: "another" }) }), rowOf(), OWNER)).toBe(false);
});

test("leaves a container without labels alone, even with our name", () => {
  const foreign = listedOf({ id: "f".repeat(64), labels: {} });
  expect(isOurs(foreign, rowOf({ status: { create_open: true } }), OWNER)).toBe(false);
  expect(isOrphan(foreign, OWNER)).toBe(false);
});

test("knows what a recreate set aside by its recorded id and its name", () => {
  const row = rowOf({ held: [hold(ENGINE_ID)], status: { engine_id: null } });
  const aside = listedOf({ name: `${ENGINE_NAME}-old-2`, state: "exited" });
  expect(isOurs(aside, row, OWNER)).toBe(true);
  expect(isHeld(aside, row)).toBe(true);
});

test("does not take for set aside what was recorded as held and never renamed", () => {
  expect(isHeld(listedOf(), rowOf({ held: [hold(ENGINE_ID)] }))).toBe(false);
});

test("does not take for set aside what is named so and was never recorded as held", () => {
  expect(isHeld(listedOf({ name: `${ENGINE_NAME}-old-2` }), rowOf())).toBe(false);
});

test("does not take for set aside what its owner named -old and whose uid looks like a generation", () => {
  const uid = "12345678-0000-4000-8000-000000000000";
  const row = rowOf({ uid, name: "job-old", held: [hold(ENGINE_ID)] });
  const current = listedOf({ name: "berth-job-old-12345678", labels: labels({ [LABEL.uid]: uid }) });
  expect(isHeld(current, row)).toBe(false);
  expect(isOrphan(current, OWNER)).toBe(true);
});

test("takes for the container what was set aside, is to be restored, and bears its name again", () => {
  const id = "f".repeat(64);
  const differs = { held: [hold(id)], restore_engine_id: id, recreate_generation: 3 };
  expect(isHeld(listedOf({ id }), rowOf(differs))).toBe(false);
  expect(isHeld(listedOf({ id, name: `${ENGINE_NAME}-old-2` }), rowOf(differs))).toBe(true);
  expect(isHeld(listedOf({ id, name: "experiment" }), rowOf(differs))).toBe(true);
  expect(isHeld(listedOf({ id }), rowOf({ ...differs, status: { abandoned_generation: 3 } }))).toBe(true);
  expect(isHeld(listedOf({ id }), rowOf({ ...differs, recreate: "discard" }))).toBe(true);
});

test("reports as an orphan what bears our labels and name, and names no other's", () => {
  expect(isOrphan(listedOf(), OWNER)).toBe(true);
  expect(isOrphan(listedOf({ name: `${ENGINE_NAME}-old-3` }), OWNER)).toBe(true);
  expect(isOrphan(listedOf({ labels: labels({ [LABEL.installation]: "another" }) }), OWNER)).toBe(false);
  expect(isOrphan(listedOf({ name: `berth-job-${UID.slice(0, 7)}e` }), OWNER)).toBe(false);
});

test("knows what was set aside, whatever somebody has named it since", () => {
  const id = "f".repeat(64);
  expect(isHeld(listedOf({ id, name: "experiment" }), rowOf({ held: [hold(id)] }))).toBe(true);
});
