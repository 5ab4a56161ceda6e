import { setTimeout as passes } from "node:timers/promises";
import { expect, test } from "vitest";
import { contextOf } from "./build-context.ts";
import { type ContractTarget, openScratch, type Scratch } from "./scratch.ts";

export function describeImports(target: () => Promise<ContractTarget>): void {
  test("makes an image of a tar file, with what is to run in it", async () => {
    const scratch = await openScratch(target);
    const tag = nameFor(scratch);
    const { image_id } = await scratch.engine.importImage(contextOf({ "berth/a": "a\n" }), {
      tag,
      changes: ['CMD ["/bin/sh","/berth/a"]', "ENV COLOUR=blue", "LABEL berth-contract.colour=blue"],
      comment: "by hand",
    });
    const image = await scratch.engine.inspectImage(tag);
    expect(image).toMatchObject({ id: image_id, os: "linux", labels: { "berth-contract.colour": "blue" } });
    expect(image.tags).toContain(tag);
    expect(image.env).toContain("COLOUR=blue");
    expect(image.layers).toHaveLength(1);
    // It can be created from at once.
    const id = await scratch.create({ image: tag });
    expect((await scratch.engine.inspectContainer(id)).image_id).toBe(image_id);
    await scratch.end();
  });

  test("gives the name to what was imported last", async () => {
    const scratch = await openScratch(target);
    const tag = nameFor(scratch);
    const request = { tag, changes: [] };
    const first = await scratch.engine.importImage(contextOf({ a: "first" }), request);
    const second = await scratch.engine.importImage(contextOf({ a: "second" }), request);
    expect(second.image_id).not.toBe(first.image_id);
    expect((await scratch.engine.inspectImage(tag)).id).toBe(second.image_id);
    void scratch.removeImageLater(first.image_id);
  });

  test("makes nothing of a tar file that is none, or was not read to its end", async () => {
    const scratch = await openScratch(target);
    const tag = nameFor(scratch);
    async function* noTar() {
      yield await Promise.resolve(Buffer.alloc(64 * 1024, "x"));
    }
    await expect(scratch.engine.importImage(noTar(), { tag, changes: [] })).rejects.toMatchObject({ kind: "failed" });
    async function* broken() {
      // Short of its end: an engine may take what is whole before it hears that there is no more.
      for await (const chunk of contextOf({ a: Buffer.alloc(4096), b: Buffer.alloc(4096) })) {
        yield chunk;
        break;
      }
      await passes(1);
      throw new Error("the database is gone");
    }
    await expect(scratch.engine.importImage(broken(), { tag, changes: [] })).rejects.toMatchObject({ kind: "closed" });
    await expect(scratch.engine.inspectImage(tag)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("refuses a change that is no line of a Dockerfile", async () => {
    const scratch = await openScratch(target);
    const tag = nameFor(scratch);
    const importing = scratch.engine.importImage(contextOf({ a: "a" }), { tag, changes: ["RUN true"] });
    await expect(importing).rejects.toMatchObject({ kind: expect.stringMatching(/^(rejected|failed)$/) });
    await expect(scratch.engine.inspectImage(tag)).rejects.toMatchObject({ kind: "not_found" });
  });
}

function nameFor(scratch: Scratch): string {
  const tag = `berth-contract/${scratch.key}:imported`;
  void scratch.removeImageLater(tag);
  return tag;
}
