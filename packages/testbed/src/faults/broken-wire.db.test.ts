import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import type { WatchedContainer } from "../scenario/watched-container.ts";
import type { EngineCall, FaultEffect } from "../simulated/faults.ts";
import { recordRequests, timesOf, useFaultyScene } from "./faulty-scene.ts";

const BEFORE: FaultEffect = { kind: "drop", when: "before" };
const AFTER: FaultEffect = { kind: "drop", when: "after" };

const ofOwner = ({ owner, ref }: WatchedContainer) => ({
  stop: () => owner.container.stop.mutate(ref),
  start: () => owner.container.start.mutate(ref),
  rename: () => owner.container.update.mutate({ ...ref, name: `renamed-${ref.container_id}` }),
  update: () => owner.container.update.mutate({ ...ref, memory: 77 }),
});

describe("the wire to an engine", () => {
  const open = useFaultyScene();

  describe.each([
    ["before the engine has read what was asked for", BEFORE],
    ["after the engine did it and before it could say so", AFTER],
  ] as const)("that breaks %s", (_, effect) => {
    test.each([
      ["create", "create"],
      ["start", "start"],
    ] as const)("at the %s: the container is made once, and runs", async (call, action) => {
      const { scene, engine } = open();
      engine.simulation.faults.add({ call, effect, times: 1 });
      const container = await scene.create({ ports: [{ name: "web", kind: "http", container_port: 80 }] });
      await container.reaches("Running");
      expect(engine.simulation.faults.take(call)).toBeNull();
      expect(timesOf(engine.simulation, container, "create")).toBe(1);
      expect(timesOf(engine.simulation, container, action)).toBe(1);
    });

    test.each([
      ["stop", "Stopped", "stop"],
      ["rename", "Running", "rename"],
      ["update", "Running", "update"],
    ] as const)("at the %s: it is done, and the container is the same", async (call, phase, action) => {
      const { scene, engine } = open();
      const container = await scene.run();
      const { id } = await container.onEngine();
      engine.simulation.faults.add({ call, effect, times: 1 });
      await ofOwner(container)[call]();
      await container.reaches(phase);
      expect(engine.simulation.faults.take(call)).toBeNull();
      expect((await container.onEngine()).id).toBe(id);
      expect(timesOf(engine.simulation, container, "create")).toBe(1);
      expect(timesOf(engine.simulation, container, action)).toBeGreaterThanOrEqual(1);
    });

    test("at the removal: it is gone once, and what it held is free", async () => {
      const { scene, engine, berth } = open();
      const container = await scene.run({ gpu_count: 2 });
      engine.simulation.faults.add({ call: "remove", effect, times: 1 });
      await container.owner.container.delete.mutate(container.ref);
      await container.isGone();
      expect(engine.simulation.faults.take("remove")).toBeNull();
      expect(timesOf(engine.simulation, container, "destroy")).toBe(1);
      expect(await berth.query("SELECT 1 FROM gpu_allocations")).toEqual([]);
    });
  });

  test.each([
    ["before its head", { call: "list", effect: BEFORE, times: 2 }],
    ["in the middle of its body", { call: "list", effect: { kind: "cut", after_bytes: 40 }, times: 2 }],
    ["at its first byte", { call: "list", effect: { kind: "cut", after_bytes: 0 }, times: 2 }],
  ] as const)("that breaks a list %s: nothing is taken for gone, and it is asked for again", async (_, fault) => {
    const { scene, engine } = open();
    const container = await scene.run();
    const { id } = await container.onEngine();
    engine.simulation.faults.add(fault);
    await container.owner.container.update.mutate({ ...container.ref, memory: 99 });
    await container.reaches("Running");
    expect(engine.simulation.faults.take("list")).toBeNull();
    expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(String(99 * 1_048_576));
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
    expect(await container.see()).toMatchObject({ conditions: [] });
  });

  test("whose kept connections the engine closes again and again: each container is made once", async () => {
    const { scene, engine } = open();
    // Longer than a connection lives: none is answered in between.
    const heal = engine.simulation.faults.add({ call: "create", effect: { kind: "none" }, latency_ms: 60 });
    const requests = recordRequests(engine.simulation);
    const wishes = Array.from({ length: 8 }, () => scene.create());
    const all = { isMade: false };
    const cutting = (async () => {
      while (!all.isMade) {
        engine.simulation.dropConnections();
        await delay(50);
      }
    })();
    const containers = await Promise.all(wishes);
    // For as long as wires break so often nothing is promised, only that nothing is done twice.
    await delay(1_000);
    const isCreateCut = (): boolean => requests.some(({ url, isCut }) => isCut && url.includes("/containers/create"));
    await waitUntil("a create to be cut", 20_000, isCreateCut).finally(() => (all.isMade = true));
    await cutting;
    heal();
    for (const container of containers) {
      await container.reaches("Running");
      expect(timesOf(engine.simulation, container, "create")).toBe(1);
    }
  });

  test("that stalls in the middle of an answer: the next ones are given up by their deadline, and all is caught up on", async () => {
    const { scene, engine } = open();
    const container = await scene.run();
    // A ping is what an engine that was silent is asked, with a deadline of two seconds.
    const heal = (["list", "stop", "ping"] satisfies EngineCall[]).map((call) =>
      engine.simulation.faults.add({ call, effect: { kind: "stall", after_bytes: 1 } }),
    );
    await container.owner.container.stop.mutate(container.ref);
    await container.until("it to be unknown", ({ phase }) => phase === "Unknown");
    for (const cure of heal) cure();
    await container.reaches("Stopped");
  });
});
