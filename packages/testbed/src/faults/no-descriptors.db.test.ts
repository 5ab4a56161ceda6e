import { setTimeout as delay } from "node:timers/promises";
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { runCommand } from "../fleet/run-command.ts";
import { timesOf, useFaultyScene } from "./faulty-scene.ts";

describe("a reconciler", () => {
  const open = useFaultyScene();

  /** Its soft limit; the hard one stays. */
  const limit = (pid: number, files: string): Promise<string> =>
    runCommand("prlimit", [`--pid=${pid}`, `--nofile=${files}:`]);
  const readLimit = async (pid: number): Promise<string> =>
    (await runCommand("prlimit", [`--pid=${pid}`, "--nofile", "--output=SOFT", "--noheadings"])).trim();

  test("that may open no more files: it lives, makes nothing twice, and catches up once it may", async () => {
    const { scene, berth, engine } = open();
    const { pid } = berth.reconciler;
    const killed = await scene.run();
    const { id } = await killed.onEngine();
    const before = (await readdir(`/proc/${pid}/fd`)).length;
    // Fewer than it has: what is open stays so, but nothing that ends can be opened again.
    const all = await readLimit(pid);
    await limit(pid, "10");
    engine.simulation.dropConnections();
    await engine.docker("kill", id);
    const created = await scene.create();
    await delay(2_000); // nothing is to happen, and only time shows that
    expect(timesOf(engine.simulation, created, "create")).toBe(0);
    expect(() => process.kill(pid, 0)).not.toThrow();
    await limit(pid, all);
    await created.reaches("Running");
    await killed.isOnEngine("running");
    expect(timesOf(engine.simulation, created, "create")).toBe(1);
    expect(timesOf(engine.simulation, killed, "create")).toBe(1);
    expect((await readdir(`/proc/${pid}/fd`)).length).toBeLessThanOrEqual(before + 10);
  });
});
