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

  test("lists images with their names, and what is behind them", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    const reference = `berth-contract/${scratch.key}:v1`;
    await scratch.removeImageLater(reference);
    const labels = { "berth-contract.colour": "blue" };
    const commit = { repository: `berth-contract/${scratch.key}`, tag: "v1", labels };
    const { image_id } = await scratch.engine.commitContainer(id, commit);
    const images = await scratch.engine.listImages();
    const { id: base_id } = await scratch.engine.inspectImage(scratch.image);
    const { created_at, digests } = await scratch.engine.inspectImage(reference);
    expect(images.filter((image) => image.tags.includes(reference))).toEqual([
      {
        id: image_id,
        tags: [reference],
        digests,
        size_bytes: expect.any(Number),
        created_at_s: Math.floor(Date.parse(created_at ?? "") / 1000),
        labels: expect.objectContaining(labels),
        parent_id: base_id,
      },
    ]);
    const base = images.find((image) => image.id === base_id);
    expect(base?.tags.some((tag) => tag.endsWith(scratch.image))).toBe(true);
    expect(base?.parent_id).toBeNull();
  });

  test("gives an image one more name, and takes it from another", async () => {
    const scratch = await openScratch(target);
    const { engine, image } = scratch;
    const reference = `berth-contract/${scratch.key}:v1`;
    await scratch.removeImageLater(reference);
    const { id } = await engine.inspectImage(image);
    await engine.tagImage(image, reference);
    await engine.tagImage(id, reference); // as one that repeats it does
    const tagged = await engine.inspectImage(reference);
    expect(tagged.id).toBe(id);
    expect(tagged.tags).toEqual(expect.arrayContaining([reference]));

    const source = await scratch.create();
    const other = `berth-contract/${scratch.key}:other`;
    await scratch.removeImageLater(other);
    const commit = { repository: `berth-contract/${scratch.key}`, tag: "other", labels: {} };
    const { image_id } = await engine.commitContainer(source, commit);
    await engine.tagImage(other, reference);
    expect((await engine.inspectImage(reference)).id).toBe(image_id);
    expect((await engine.inspectImage(image)).id).toBe(id);
  });

  test("names no image that is not there, and gives none a name that is no name", async () => {
    const { engine, image, key } = await openScratch(target);
    const absent = engine.tagImage(`berth-contract/${key}:none`, `berth-contract/${key}:v1`);
    await expect(absent).rejects.toMatchObject({ kind: "not_found", status: 404 });
    for (const name of [`berth-contract/${key}`, "Berth:v1", `berth-contract/${key}@sha256:${"a".repeat(64)}`, ""]) {
      await expect(engine.tagImage(image, name)).rejects.toMatchObject({ kind: "rejected", sent: false });
    }
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

  test("pulls by tag and by digest", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { pullable } = scratch.target;
    if (!pullable) return skip("this engine has nothing to pull from");
    await scratch.removeImageLater(pullable);
    const pulled = await scratch.engine.pullImage(pullable);
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
