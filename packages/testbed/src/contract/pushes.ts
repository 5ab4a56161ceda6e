import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { contextOf } from "./build-context.ts";
import { type ContractTarget, openScratch, type Scratch } from "./scratch.ts";

const MEGABYTE = 1024 * 1024;

interface Step {
  current_bytes: number;
  total_bytes: number;
}

export function describePushes(target: () => Promise<ContractTarget>): void {
  test("pushes an image that is then pulled by its digest, and says how far both are", async ({ skip }) => {
    const scratch = await openScratch(target);
    const registry = registryOf(scratch);
    if (!registry) return skip("this engine has no registry to push to");
    const repository = `${registry}/berth-contract/${scratch.key}`;
    // The containerd store tells of a push or a pull ten times a second, and of one that is faster than that nothing.
    const bytes = 48 * MEGABYTE;
    const { image_id } = await build(scratch, `${repository}:v1`, bytes);
    const steps: Step[] = [];
    const pushed = await scratch.engine.pushImage(`${repository}:v1`, { onProgress: (step) => steps.push(step) });
    expect(pushed.digest).toMatch(/^sha256:[a-f0-9]{64}$/);
    expect(pushed.size_bytes).toBeGreaterThan(0);
    expectBar(steps);
    const { current_bytes = 0, total_bytes = 0 } = steps.at(-1) ?? {};
    expect(current_bytes).toBe(total_bytes);
    expect(total_bytes).toBeGreaterThanOrEqual(bytes);
    const { digests, layers } = await scratch.engine.inspectImage(`${repository}:v1`);
    expect(digests).toContain(`${repository}@${pushed.digest}`);

    await scratch.engine.removeImage(`${repository}:v1`);
    await expect(scratch.engine.inspectImage(image_id)).rejects.toMatchObject({ kind: "not_found" });
    const pulling: Step[] = [];
    const pulled = await scratch.engine.pullImage(`${repository}@${pushed.digest}`, {
      onProgress: (step) => pulling.push(step),
    });
    await scratch.removeImageLater(`${repository}@${pushed.digest}`);
    expect(pulled).toMatchObject({ id: image_id, layers });
    expect(pulling).not.toEqual([]);
    for (const step of pulling) expect(step.current_bytes).toBeLessThanOrEqual(step.total_bytes);
    expect(pulling.at(-1)?.current_bytes).toBeGreaterThanOrEqual(bytes);
  });

  test("sends nothing a second time", async ({ skip }) => {
    const scratch = await openScratch(target);
    const registry = registryOf(scratch);
    if (!registry) return skip("this engine has no registry to push to");
    const reference = `${registry}/berth-contract/${scratch.key}:v1`;
    await build(scratch, reference);
    const first = await scratch.engine.pushImage(reference);
    const steps: Step[] = [];
    const second = await scratch.engine.pushImage(reference, { onProgress: (step) => steps.push(step) });
    expect(second).toEqual(first);
    expect(steps).toEqual([]);
  });

  test("sends of a committed container only what it adds to its base", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { pullable } = scratch.target;
    const registry = registryOf(scratch);
    if (!registry || !pullable) return skip("this engine has no registry to push to");
    await scratch.removeImageLater(pullable);
    await scratch.engine.pullImage(pullable);
    const id = await scratch.start({ image: pullable, command: ["sh", "-c", "echo mine > /mine; sleep 1000"] });
    const repository = `${registry}/berth-contract/${scratch.key}`;
    await scratch.removeImageLater(`${repository}:v1`);
    await scratch.engine.commitContainer(id, { repository, tag: "v1", labels: {} });
    const base = await scratch.engine.inspectImage(pullable);
    const steps: Step[] = [];
    await scratch.engine.pushImage(`${repository}:v1`, { onProgress: (step) => steps.push(step) });
    expectBar(steps);
    expect(steps.at(-1)?.total_bytes ?? 0).toBeLessThan(Math.min(base.size_bytes, MEGABYTE));
    await scratch.end();
  });

  test("pushes no image that is not there", async () => {
    const scratch = await openScratch(target);
    const registry = registryOf(scratch) ?? "127.0.0.1:1";
    const absent = scratch.engine.pushImage(`${registry}/berth-contract/${scratch.key}:none`);
    await expect(absent).rejects.toMatchObject({ kind: "not_found" });
    const byDigest = scratch.engine.pushImage(`${registry}/berth-contract/x@sha256:${"a".repeat(64)}`);
    await expect(byDigest).rejects.toMatchObject({ kind: "rejected", sent: false });
  });

  test("fails to push to a registry that is not there", async () => {
    const scratch = await openScratch(target);
    const nowhere = `127.0.0.1:1/berth-contract/${scratch.key}:v1`;
    await scratch.engine.tagImage(scratch.image, nowhere);
    await scratch.removeImageLater(nowhere);
    await expect(scratch.engine.pushImage(nowhere)).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("connection refused"),
    });
  });

  test("asks a registry through the engine: what it has, what it does not have, and that it is not there", async ({
    skip,
  }) => {
    const {
      engine,
      target: { pullable },
      key,
    } = await openScratch(target);
    const nowhere = engine.checkRegistry(`127.0.0.1:1/berth-contract/${key}:v1`);
    await expect(nowhere).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("connection refused"),
    });
    if (!pullable) return skip("this engine has nothing to pull from");
    expect(await engine.checkRegistry(pullable)).toBe("found");
    expect(await engine.checkRegistry(`${pullable}-none`)).toBe("not_found");
    const repository = pullable.slice(0, pullable.lastIndexOf(":"));
    expect(await engine.checkRegistry(`${repository}-absent:latest`)).toBe("not_found");
  });
}

/** `HOST:PORT`, open to all. */
function registryOf({ target: { pullable } }: Scratch): string | undefined {
  return pullable?.split("/")[0];
}

/** 8 MB that no registry has seen. */
async function build(scratch: Scratch, tag: string, bytes = 8 * MEGABYTE): Promise<{ image_id: string }> {
  await scratch.removeImageLater(tag);
  const files = { Dockerfile: `FROM ${scratch.image}\nCOPY content /\n`, content: randomBytes(bytes) };
  return scratch.engine.buildImage(contextOf(files), { tag, dockerfile: "Dockerfile", build_args: {}, labels: {} });
}

/** What a progress bar shows never runs backwards nor past its end. */
function expectBar(steps: Step[]): void {
  for (const [index, { current_bytes, total_bytes }] of steps.entries()) {
    expect(current_bytes).toBeLessThanOrEqual(total_bytes);
    expect(current_bytes).toBeGreaterThanOrEqual(steps[index - 1]?.current_bytes ?? 0);
    expect(total_bytes).toBeGreaterThanOrEqual(steps[index - 1]?.total_bytes ?? 0);
  }
}
