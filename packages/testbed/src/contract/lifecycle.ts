import { expect, test } from "vitest";
import { type ContractTarget, eventually, openScratch } from "./scratch.ts";

const UNKNOWN_ID = "0".repeat(64);

export function describeLifecycle(target: () => Promise<ContractTarget>): void {
  test("starts what runs already without a word", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const { started_at } = await scratch.engine.inspectContainer(id);
    await scratch.engine.startContainer(id);
    expect(await scratch.engine.inspectContainer(id)).toMatchObject({ state: "running", started_at });
  });

  test("stops by SIGTERM, and what is stopped already without a word", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    await scratch.engine.stopContainer(id, 10);
    await scratch.engine.stopContainer(id, 10);
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "exited", exit_code: 143 });
    expect(await scratch.engine.inspectContainer(id)).toMatchObject({ state: "exited", exit_code: 143 });
  });

  test("kills what does not end by itself in its time", async () => {
    const scratch = await openScratch(target);
    const script = 'trap "" TERM; echo ready; while true; do sleep 1; done';
    const id = await scratch.start({ command: ["sh", "-c", script], host: { Init: false } });
    await eventually(async () => expect((await scratch.engine.stats(id)).pids).toBeGreaterThan(0));
    await scratch.engine.stopContainer(id, 1);
    // The list may have it a moment later than the stop's answer.
    expect(await scratch.settled(id, "exited")).toMatchObject({ exit_code: 137 });
  });

  test("keeps the exit code of what ended by itself", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["sh", "-c", "exit 7"] });
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "exited", exit_code: 7 });
    const inspected = await scratch.engine.inspectContainer(id);
    expect(inspected).toMatchObject({ exit_code: 7, oom_killed: false, restart_count: 0 });
    // Which of the two is the earlier is not said: an engine that notes its start late was seen to end before it.
    expect(Date.parse(inspected.started_at ?? "")).not.toBeNaN();
    expect(Date.parse(inspected.finished_at ?? "")).not.toBeNaN();
  });

  test("starts again what has ended", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["sh", "-c", "test -e /been && exec sleep 1000; echo > /been"] });
    await scratch.engine.startContainer(id);
    await scratch.settled(id, "running");
  });

  test("restarts what failed as often as its policy says", async () => {
    const scratch = await openScratch(target);
    const policy = { Name: "on-failure", MaximumRetryCount: 2 } as const;
    const id = await scratch.start({ command: ["sh", "-c", "exit 3"], host: { RestartPolicy: policy } });
    await eventually(async () => {
      const { restart_count, state } = await scratch.engine.inspectContainer(id);
      expect({ restart_count, state }).toEqual({ restart_count: 2, state: "exited" });
    });
    await expect.poll(() => scratch.find(id)).toMatchObject({ exit_code: 3 });
  });

  test("says when a command cannot be started", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create({ command: ["/no/such/command"], host: { Init: false } });
    await expect(scratch.engine.startContainer(id)).rejects.toMatchObject({
      kind: expect.stringMatching(/^(rejected|failed)$/),
      message: expect.stringContaining("/no/such/command"),
    });
  });

  test("removes nothing that runs", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    await expect(scratch.engine.removeContainer(id)).rejects.toMatchObject({ kind: "conflict", status: 409 });
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "running" });
  });

  test("removes what has ended, once", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.run({ command: ["true"] });
    await scratch.engine.removeContainer(id);
    expect(await scratch.list()).toEqual([]);
    await expect(scratch.engine.removeContainer(id)).rejects.toMatchObject({ kind: "not_found", status: 404 });
    await expect(scratch.engine.inspectContainer(id)).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });

  test("removes what was never started", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    await scratch.engine.removeContainer(id);
    expect(await scratch.list()).toEqual([]);
  });

  test("finds nothing to act on where there is no container", async () => {
    const { engine } = await openScratch(target);
    const calls = [
      engine.startContainer(UNKNOWN_ID),
      engine.stopContainer(UNKNOWN_ID, 1),
      engine.removeContainer(UNKNOWN_ID),
      engine.renameContainer(UNKNOWN_ID, "berth-contract-nobody"),
      engine.updateContainer(UNKNOWN_ID, { memory_bytes: 64 * 1024 * 1024, nano_cpus: 1e9 }),
      engine.unpauseContainer(UNKNOWN_ID),
      engine.stats(UNKNOWN_ID),
      engine.exec(UNKNOWN_ID, ["true"]),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { kind: "not_found", status: 404 } });
    }
  });

  test("wakes what was paused", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { raw } = scratch.target;
    if (!raw) return skip("this engine takes no raw requests");
    const id = await scratch.start();
    await raw("POST", `/containers/${id}/pause`);
    // A list may lag behind either.
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "paused" });
    expect(await scratch.engine.inspectContainer(id)).toMatchObject({ state: "paused" });
    await scratch.engine.unpauseContainer(id);
    await expect.poll(() => scratch.find(id)).toMatchObject({ state: "running" });
  });
}
