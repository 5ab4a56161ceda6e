import type { ContainerRow } from "@berth/db/containers/load.ts";
import { expect, test } from "vitest";
import { toDesired } from "./desired.ts";
import { ENGINE_NAME, rowOf, UID } from "./testing/samples.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const referenceOf = (reference: string, digest: string | null = DIGEST): string =>
  toDesired(rowOf({ image: { reference, digest } })).image.reference;

test("names an image by its recorded digest, whatever its tag means by now", () => {
  expect(referenceOf("lab/job:1")).toBe(`lab/job@${DIGEST}`);
  expect(referenceOf("lab:5000/public/job:1")).toBe(`lab:5000/public/job@${DIGEST}`);
});

test("keeps a reference that names a digest itself, and any tag where no digest is known", () => {
  const other = `lab/job@sha256:${"b".repeat(64)}`;
  expect(referenceOf(other)).toBe(other);
  expect(referenceOf("lab:5000/public/job:1", null)).toBe("lab:5000/public/job:1");
});

test("knows that what a recreate keeps is on no registry", () => {
  const fromCommit = (image: Partial<ContainerRow["image"]>) =>
    toDesired(rowOf({ image: { ...image } })).image.fromCommit;
  expect(fromCommit({ source: "commit", on_registry: false, is_own: true })).toBe("own");
  expect(fromCommit({ source: "commit", on_registry: false })).toBe("other");
  expect(fromCommit({ source: "commit", on_registry: true, is_own: true, digest: DIGEST })).toBeNull();
  expect(fromCommit({ source: "external", on_registry: false })).toBeNull();
});

test("turns MiB and cores into what an engine takes, and no limit into 0", () => {
  expect(toDesired(rowOf({ spec: { memory: 512, cpus: 0.29 } })).limits).toEqual({
    memoryBytes: 536_870_912,
    nanoCpus: 290_000_000,
  });
  expect(toDesired(rowOf()).limits).toEqual({ memoryBytes: 0, nanoCpus: 0 });
});

test("passes on the owner's word for a recreate with the generation that it was given for", () => {
  expect(toDesired(rowOf()).consent).toBeNull();
  expect(toDesired(rowOf({ recreate: "preserve", recreate_generation: 4 })).consent).toEqual({
    mode: "preserve",
    generation: 4,
  });
});

test("takes the rest from the row as it is", () => {
  expect(toDesired(rowOf({ desired: "stopped", on_loss: "fail", run: 3, generation: 9 }))).toMatchObject({
    uid: UID,
    engineName: ENGINE_NAME,
    desired: "stopped",
    onLoss: "fail",
    run: 3,
    generation: 9,
    restart: "unless-stopped",
  });
});

test("changes its hash with the placement, for GPUs and ports are fixed at create", () => {
  const hashes = [
    toDesired(rowOf()).specHash,
    toDesired(rowOf({ placement: { gpu_uuids: ["GPU-a"] } })).specHash,
    toDesired(rowOf({ image_id: 8 })).specHash,
    toDesired(rowOf({ incarnation: 1 })).specHash,
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(toDesired(rowOf({ name: "renamed", generation: 5 })).specHash).toBe(hashes[0]);
});
