import { expect, test } from "vitest";
import { type ContractTarget, eventually, openScratch } from "./scratch.ts";

const UNKNOWN_ID = "0".repeat(64);

export function describeCommits(target: () => Promise<ContractTarget>): void {
  test("makes an image of a running container, which runs on", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({ command: ["sh", "-c", "echo kept > /kept; sleep 1000"] });
    await eventually(async () => expect((await scratch.engine.exec(id, ["cat", "/kept"])).exit_code).toBe(0));
    const repository = `berth-contract/${scratch.key}`;
    await scratch.removeImageLater(`${repository}:v1`);

    const { image_id } = await scratch.engine.commitContainer(id, { repository, tag: "v1", labels: {} });
    const image = await scratch.engine.inspectImage(`${repository}:v1`);
    expect(image).toMatchObject({ id: image_id, tags: [`${repository}:v1`], os: "linux" });
    expect(image.size_bytes).toBeGreaterThan(0);
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "running" });

    const copy = await scratch.start({ name: scratch.name("copy"), image: `${repository}:v1` });
    const { stdout } = await scratch.engine.exec(copy, ["cat", "/kept"]);
    expect(Buffer.from(stdout).toString()).toBe("kept\n");
    await scratch.end(); // so that the image can be removed
  });

  test("keeps the container's labels out of the image, and puts those asked for in", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create({ labels: { "berth-contract.uid": "u1", "berth-contract.op": "before" } });
    const repository = `berth-contract/${scratch.key}`;
    await scratch.removeImageLater(`${repository}:v1`);
    const labels = { "berth-contract.op": 'a "quoted" $HOME\\ value' };
    await scratch.engine.commitContainer(id, { repository, tag: "v1", labels, comment: "by the contract" });
    const image = await scratch.engine.inspectImage(`${repository}:v1`);
    expect(image.labels).toMatchObject(labels);
    expect(image.labels["berth-contract.uid"] ?? "").toBe("");
    expect(image.labels["berth-contract.test"] ?? "").toBe("");
  });

  test("starts from an image as its container would have: same command, same environment", async () => {
    const scratch = await openScratch(target);
    const body = { ...scratch.body({ command: ["sh", "-c", "echo $GREETING"] }), Env: ["GREETING=hello"] };
    const { id } = await scratch.engine.createContainer(scratch.name(), body);
    const repository = `berth-contract/${scratch.key}`;
    await scratch.removeImageLater(`${repository}:v1`);
    await scratch.engine.commitContainer(id, { repository, tag: "v1", labels: {} });

    const { Cmd: _, ...inherited } = scratch.body({ image: `${repository}:v1` });
    const copy = await scratch.engine.createContainer(scratch.name("copy"), inherited);
    await scratch.engine.startContainer(copy.id);
    await scratch.settled(copy.id, "exited");
    const output: string[] = [];
    const logs = scratch.engine.logs(copy.id, { follow: false, signal: new AbortController().signal });
    for await (const { data } of logs) output.push(Buffer.from(data).toString());
    expect(output.join("")).toBe("hello\n");
    await scratch.end();
  });

  test("commits nothing where there is no container", async () => {
    const { engine, key } = await openScratch(target);
    const commit = engine.commitContainer(UNKNOWN_ID, { repository: `berth-contract/${key}`, tag: "v1", labels: {} });
    await expect(commit).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });
}
