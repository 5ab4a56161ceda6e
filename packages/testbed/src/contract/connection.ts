import { expect, test } from "vitest";
import { type ContractTarget, eventually, openScratch } from "./scratch.ts";

const UNKNOWN_ID = "0".repeat(64);

export function describeConnection(target: () => Promise<ContractTarget>): void {
  test("agrees on a version that both sides speak", async () => {
    const { engine } = await openScratch(target);
    const { api_version, engine_api_version } = await engine.ping();
    const [ours = 0, engines = 0] = [api_version, engine_api_version].map((version) => Number(version.split(".")[1]));
    expect(ours).toBeGreaterThanOrEqual(41);
    expect(ours).toBeLessThanOrEqual(engines);
  });

  test("says what the engine is and has", async () => {
    const { engine } = await openScratch(target);
    const info = await engine.info();
    expect(info.engine_id).not.toBe("");
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(info.ncpu).toBeGreaterThan(0);
    expect(info.memory_bytes).toBeGreaterThan(64 * 1024 * 1024);
    expect(info.root_dir).toMatch(/^\//);
    expect(info.runtimes).toContain(info.default_runtime);
    expect(Date.parse(info.system_time ?? "")).not.toBeNaN();
  });

  test("serves many calls at once", async () => {
    const { engine } = await openScratch(target);
    const calls = Array.from({ length: 50 }, () =>
      engine.inspectContainer(UNKNOWN_ID).catch((error: unknown) => error),
    );
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ kind: "not_found", status: 404 });
  });

  test("refuses what is no id before it asks the engine", async () => {
    const { engine } = await openScratch(target);
    for (const id of ["../images/json", "a b", "", "short"]) {
      await expect(engine.startContainer(id)).rejects.toMatchObject({ kind: "rejected", sent: false });
    }
  });

  test("ends a call that its caller cancels, and begins none that is cancelled before", async () => {
    const scratch = await openScratch(target);
    const { engine } = scratch;
    const script = "trap 'touch /told' TERM; touch /ready; while true; do sleep 0.05; done";
    const id = await scratch.start({ command: ["sh", "-c", script], host: { Init: false } });
    const isThere = (path: string) => async () =>
      expect((await engine.exec(id, ["test", "-e", path])).exit_code).toBe(0);
    await eventually(isThere("/ready"));
    const stop = new AbortController();
    const stopping = engine.stopContainer(id, 600, { signal: stop.signal });
    stopping.catch(() => {}); // whoever waits for it is told
    await eventually(isThere("/told"));
    stop.abort();
    await expect(stopping).rejects.toMatchObject({ kind: "closed", sent: true });

    const cancelled = engine.listContainers({ labels: {} }, { signal: AbortSignal.abort() });
    await expect(cancelled).rejects.toMatchObject({ kind: "closed", sent: false });
  });

  test("answers nothing any more once it is closed", async () => {
    const scratch = await openScratch(target);
    const { engine } = await target();
    const events = engine.events({ labels: scratch.labels, signal: new AbortController().signal });
    const reading = events[Symbol.asyncIterator]().next();
    engine.close();
    await expect(reading).rejects.toMatchObject({ kind: "closed" });
    await expect(engine.ping()).rejects.toMatchObject({ kind: "closed", sent: false });
    engine.close();
  });
}
