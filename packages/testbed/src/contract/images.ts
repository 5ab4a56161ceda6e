import { expect, test } from "vitest";
import { type ContractTarget, openScratch } from "./scratch.ts";

export function describeImages(target: () => Promise<ContractTarget>): void {
  test("inspects an image that is there, by its name and by its id", async () => {
    const { engine, image } = await openScratch(target);
    const byName = await engine.inspectImage(image);
    expect(byName.tags.some((tag) => tag.endsWith(image))).toBe(true);
    expect(byName).toMatchObject({ id: expect.stringMatching(/^sha256:[a-f0-9]{64}$/), os: "linux" });
    expect(byName.size_bytes).toBeGreaterThan(0);
    expect((await engine.inspectImage(byName.id)).id).toBe(byName.id);
  });

  test("finds no image that is not there, neither to inspect nor to remove", async () => {
    const { engine, key } = await openScratch(target);
    const absent = `berth-contract/${key}:none`;
    await expect(engine.inspectImage(absent)).rejects.toMatchObject({ kind: "not_found", status: 404 });
    await expect(engine.removeImage(absent)).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });

  test("removes no image that a container needs", async () => {
    const scratch = await openScratch(target);
    const source = await scratch.create();
    const reference = `berth-contract/${scratch.key}:v1`;
    await scratch.removeImageLater(reference);
    const [repository = "", tag = ""] = reference.split(":");
    await scratch.engine.commitContainer(source, { repository, tag, labels: {} });
    const user = await scratch.start({ name: scratch.name("user"), image: reference });
    await expect(scratch.engine.removeImage(reference)).rejects.toMatchObject({ kind: "conflict", status: 409 });

    await scratch.engine.stopContainer(user, 0);
    await scratch.engine.removeContainer(user);
    await scratch.engine.removeImage(reference);
    await expect(scratch.engine.inspectImage(reference)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("pulls by tag and by digest, and says how far it is", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { pullable } = scratch.target;
    if (!pullable) return skip("this engine has nothing to pull from");
    await scratch.removeImageLater(pullable);
    const progress: { current_bytes: number; total_bytes: number }[] = [];
    const pulled = await scratch.engine.pullImage(pullable, { onProgress: (step) => progress.push(step) });
    for (const { current_bytes, total_bytes } of progress) expect(current_bytes).toBeLessThanOrEqual(total_bytes);
    expect(pulled.tags).toContain(pullable);
    expect(pulled.id).toBe((await scratch.engine.inspectImage(pullable)).id);

    const [byDigest] = pulled.digests;
    expect(byDigest).toMatch(/@sha256:[a-f0-9]{64}$/);
    expect((await scratch.engine.pullImage(byDigest ?? "")).id).toBe(pulled.id);
  });

  test("finds nothing to pull where the registry has no such image", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { pullable } = scratch.target;
    if (!pullable) return skip("this engine has nothing to pull from");
    const repository = pullable.slice(0, pullable.lastIndexOf(":"));
    for (const absent of [`${repository}:no-such-tag`, `${repository}-absent:latest`]) {
      await expect(scratch.engine.pullImage(absent)).rejects.toMatchObject({ kind: "not_found" });
    }
  });

  test("fails to pull from a registry that is not there", async () => {
    const { engine, key } = await openScratch(target);
    await expect(engine.pullImage(`127.0.0.1:1/berth-contract/${key}:v1`)).rejects.toMatchObject({ kind: "failed" });
  });
}
