import { expect, onTestFinished, test } from "vitest";
import { type ContractTarget, openScratch, type Scratch } from "./scratch.ts";

export function describeVolumes(target: () => Promise<ContractTarget>): void {
  test("makes a volume and finds it again", async () => {
    const scratch = await openScratch(target);
    const name = volumeName(scratch);
    expect(await scratch.engine.createVolume(name, { owner: "first" })).toEqual({ name, labels: { owner: "first" } });
    expect(await scratch.engine.inspectVolume(name)).toEqual({ name, labels: { owner: "first" } });
  });

  test("leaves a volume that is there as it is", async () => {
    const scratch = await openScratch(target);
    const name = volumeName(scratch);
    await scratch.engine.createVolume(name, { owner: "first" });
    expect(await scratch.engine.createVolume(name, { owner: "second" })).toEqual({ name, labels: { owner: "first" } });
  });

  test("finds no volume that is not there", async () => {
    const scratch = await openScratch(target);
    const absent = scratch.engine.inspectVolume(scratch.name("absent"));
    await expect(absent).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });
}

/** Berth itself removes no volume, so this is the test's own affair where it can. */
function volumeName(scratch: Scratch): string {
  const name = scratch.name("volume");
  const { raw } = scratch.target;
  if (raw) onTestFinished(() => raw("DELETE", `/volumes/${name}`));
  return name;
}
