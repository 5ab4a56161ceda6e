import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { FaultEffect } from "../simulated/faults.ts";
import { countCalls, timesOf, useFaultyScene } from "./faulty-scene.ts";

const LATE: FaultEffect = { kind: "none" };

describe("an owner who", () => {
  const open = useFaultyScene();

  test.each(["create", "start"] as const)(
    "deletes a container during its %s: it is gone, and its GPUs are free",
    async (call) => {
      const { scene, engine, berth } = open();
      const calls = countCalls(engine.simulation);
      engine.simulation.faults.add({ call, effect: LATE, latency_ms: 500, times: 1 });
      const container = await scene.create({ gpu_count: 2 });
      await expect.poll(() => calls(call)).toBe(1);
      await container.owner.container.delete.mutate(container.ref);
      await container.isGone();
      expect(await container.allOnEngine()).toEqual([]);
      expect(await berth.query("SELECT 1 FROM gpu_allocations")).toEqual([]);
    },
  );

  test("deletes a container during its pull: it is gone, and was never made", async () => {
    const { scene, engine } = open();
    const letGo = engine.simulation.faults.add({ call: "pull", effect: { kind: "hang" } });
    const reference = `${engine.registry}/berth-test/busybox:derived`;
    const image_id = await scene.addImage(reference);
    const container = await scene.create({ image_id });
    await container.tells("Pulling: ");
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    letGo();
    const isThere = () => engine.docker("images", "--quiet", reference);
    await expect.poll(isThere, { timeout: 20_000 }).not.toBe("");
    expect(timesOf(engine.simulation, container, "create")).toBe(0);
    await engine.docker("rmi", reference);
  });

  test("starts a container during its stop: the same one runs in the end", async () => {
    const { scene, engine } = open();
    const container = await scene.run({ gpu_count: 1 });
    const { id } = await container.onEngine();
    const calls = countCalls(engine.simulation);
    engine.simulation.faults.add({ call: "stop", effect: LATE, latency_ms: 800, times: 1 });
    await container.owner.container.stop.mutate(container.ref);
    await expect.poll(() => calls("stop")).toBe(1);
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect(await container.isOnEngine("running")).toMatchObject({ id });
  });

  test("stops and deletes a container during its restart: it is gone", async () => {
    const { scene, engine } = open();
    const container = await scene.run();
    const calls = countCalls(engine.simulation);
    engine.simulation.faults.add({ call: "start", effect: LATE, latency_ms: 500, times: 1 });
    await container.owner.container.restart.mutate(container.ref);
    await expect.poll(() => calls("start")).toBe(1);
    await container.owner.container.stop.mutate(container.ref);
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    expect(await container.allOnEngine()).toEqual([]);
  });

  test("deletes a container while it is made anew, with the old one set aside: both are gone, and its GPUs are free", async () => {
    const { scene, engine, berth } = open();
    const container = await scene.run({ gpu_count: 1 });
    const calls = countCalls(engine.simulation);
    const effect: FaultEffect = { kind: "answer", status: 500, body: '{"message":"not today"}' };
    engine.simulation.faults.add({ call: "create", effect, latency_ms: 500 });
    const env = { CHANGED: "yes" };
    await container.owner.container.update.mutate({ ...container.ref, env, recreate: "discard" });
    await expect.poll(() => calls("create")).toBeGreaterThan(0);
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    expect(await container.allOnEngine()).toEqual([]);
    expect(await berth.query("SELECT 1 FROM gpu_allocations")).toEqual([]);
  });

  test("changes one thing as fast as the server takes it: the last word counts, and the engine is changed twice a second at most", async () => {
    const { scene, engine } = open();
    const container = await scene.run();
    const startedAt = performance.now();
    let memory = 100;
    const change = () => container.owner.container.update.mutate({ ...container.ref, memory: (memory += 1) });
    // As fast as the server takes them.
    for (let batch = 0; batch < 10; batch += 1) await Promise.all(Array.from({ length: 10 }, change));
    const askedMs = performance.now() - startedAt;
    await change();
    const last = String(memory * 1_048_576);
    await container.reaches("Running");
    await expect.poll(() => container.inspect("{{.HostConfig.Memory}}"), { timeout: 20_000 }).toBe(last);
    const seconds = (performance.now() - startedAt) / 1_000;
    const updates = timesOf(engine.simulation, container, "update");
    console.log(
      `100 changes in ${Math.round(askedMs)} ms, ${updates} of them on the engine in ${seconds.toFixed(1)} s`,
    );
    // A burst is let through first.
    expect(updates).toBeLessThanOrEqual(12 + 2 * seconds + 1);
    const { generation } = await container.see();
    expect((await container.see()).observed_generation).toBe(generation);
  });

  test("starts and stops a container as fast as the server takes it: the last word counts, and the engine is changed twice a second at most", async () => {
    const { scene, engine } = open();
    const container = await scene.run({ gpu_count: 1 });
    const { start, stop } = container.owner.container;
    const calls = countCalls(engine.simulation);
    const startedAt = performance.now();
    for (let flip = 0; flip < 30; flip += 1) {
      await stop.mutate(container.ref);
      await start.mutate(container.ref);
    }
    const askedMs = performance.now() - startedAt;
    await stop.mutate(container.ref);
    await container.reaches("Stopped");
    await container.isOnEngine("exited");
    const seconds = (performance.now() - startedAt) / 1_000;
    const changes = calls("start") + calls("stop");
    console.log(`61 words in ${Math.round(askedMs)} ms, ${changes} calls to the engine in ${seconds.toFixed(1)} s`);
    // A burst is let through first.
    expect(changes).toBeLessThanOrEqual(12 + 2 * seconds + 1);
    expect(timesOf(engine.simulation, container, "create")).toBe(1);
  });

  test.each(["stop", "delete"] as const)(
    "asks to %s what a reconciler had just started that died then: the next one finds it, and it is down before its GPUs are free",
    async (what) => {
      const { scene, engine, berth } = open();
      await berth.reconciler.stop();
      await berth.startReconciler({ crashAt: "after-start" });
      const container = await scene.create({ gpu_count: 1 });
      expect(await berth.reconciler.exited).toBe("SIGKILL");
      expect((await container.onEngine()).state).toBe("running");

      // Its row is read before the machine is known to be the right one.
      const calls = countCalls(engine.simulation);
      const goOn = engine.simulation.faults.add({ call: "volume_inspect", effect: { kind: "hang" } });
      await berth.startReconciler();
      await expect.poll(() => calls("volume_inspect")).toBe(1);
      await container.owner.container[what].mutate(container.ref);
      await delay(300); // the next one hears of it
      const isLeftOut = engine.simulation.faults.add({ call: "stop", effect: { kind: "hang" } });
      goOn();
      await expect.poll(() => calls("stop")).toBe(1);
      expect(await berth.query("SELECT 1 FROM gpu_allocations")).toHaveLength(1);
      isLeftOut();
      if (what === "stop") await container.reaches("Stopped");
      else await container.isGone();
      expect((await container.allOnEngine()).map(({ state }) => state)).toEqual(what === "stop" ? ["exited"] : []);
      expect(await berth.query("SELECT 1 FROM gpu_allocations")).toEqual([]);
    },
  );

  test("starts again what waits to be stopped: it is not stopped any more", async () => {
    const { scene, engine } = open();
    const containers = await Promise.all(Array.from({ length: 5 }, () => scene.run()));
    const [last, ...others] = containers;
    const calls = countCalls(engine.simulation);
    const goOn = engine.simulation.faults.add({ call: "stop", effect: { kind: "hang" } });
    await Promise.all(others.map(({ owner, ref }) => owner.container.stop.mutate(ref)));
    // As many changes as go to one machine at a time.
    await expect.poll(() => calls("stop")).toBe(4);
    await last!.owner.container.stop.mutate(last!.ref);
    await delay(300); // it waits for its turn
    expect(calls("stop")).toBe(4);
    await last!.owner.container.start.mutate(last!.ref);
    goOn();
    await Promise.all(others.map((container) => container.reaches("Stopped")));
    await last!.reaches("Running");
    expect(timesOf(engine.simulation, last!, "start")).toBe(1);
  });

  test("stops what is still being started when its reconciler dies: its GPUs are free only after the next one has stopped it", async () => {
    const { scene, engine, berth } = open();
    const calls = countCalls(engine.simulation);
    const goOn = engine.simulation.faults.add({ call: "start", effect: { kind: "hang" } });
    const container = await scene.create({ gpu_count: 1 });
    await expect.poll(() => calls("start")).toBe(1);
    berth.reconciler.kill("SIGKILL");
    await berth.reconciler.exited;
    await container.owner.container.stop.mutate(container.ref);
    const isLeftOut = engine.simulation.faults.add({ call: "stop", effect: { kind: "hang" } });
    await berth.startReconciler();
    await expect.poll(() => calls("stop")).toBe(1);
    expect(await berth.query("SELECT 1 FROM gpu_allocations")).toHaveLength(1);
    isLeftOut();
    goOn();
    await container.reaches("Stopped");
    await expect.poll(() => berth.query("SELECT 1 FROM gpu_allocations")).toEqual([]);
  });
});
