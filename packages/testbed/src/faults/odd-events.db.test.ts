import { LABEL } from "@berth/spec/engine-names.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import type { WatchedContainer } from "../scenario/watched-container.ts";
import { sendSignal } from "../simulated/containers/kill.ts";
import { SIGKILL } from "../simulated/process/signals.ts";
import { countCalls, doneTo, timesOf, useFaultyScene } from "./faulty-scene.ts";

describe("events of an engine", () => {
  const open = useFaultyScene();

  const calm = { drop: 0, duplicate: 0, reorder: 0 };
  test.each([
    ["are lost", { ...calm, drop: 1 }],
    ["come in another order", { ...calm, reorder: 1 }],
    ["are lost, doubled and swapped at random", { drop: 0.3, duplicate: 0.3, reorder: 0.3 }],
  ])("that %s: all ends as it was asked for", async (_, faults) => {
    const { scene, engine } = open();
    engine.simulation.faults.events = faults;
    const [killed, removed, stopped, renamed] = await Promise.all([
      scene.run(),
      scene.run({ gpu_count: 1 }),
      scene.run(),
      scene.run(),
    ]);
    await Promise.all([
      engine.docker("kill", (await killed.onEngine()).id),
      engine.docker("rm", "--force", (await removed.onEngine()).id),
      engine.docker("rename", (await renamed.onEngine()).id, "by-hand"),
      stopped.owner.container.stop.mutate(stopped.ref),
    ]);
    await stopped.reaches("Stopped");
    // What no event has told is seen with the next look at the machine: each minute, or with a new connection.
    engine.simulation.faults.events = calm;
    engine.simulation.dropConnections();
    await killed.isOnEngine("running");
    await removed.isOnEngine("running");
    await renamed.isOnEngine("running");
    expect(timesOf(engine.simulation, killed, "create")).toBe(1);
    expect(timesOf(engine.simulation, removed, "create")).toBe(2);
  });

  test("that come twice: all ends as it was asked for, and nothing is done twice", async () => {
    const { scene, engine } = open();
    const { daemon, faults } = engine.simulation;
    await expect.poll(() => daemon.events.listeners).toBe(1);
    const calls = countCalls(engine.simulation);
    faults.events = { ...calm, duplicate: 1 };
    const [killed, removed, stopped, renamed] = await Promise.all([
      scene.run(),
      scene.run({ gpu_count: 1 }),
      scene.run(),
      scene.run(),
    ]);
    const told: string[] = [];
    onTestFinished(daemon.events.listen(({ Action, Actor }) => void told.push(`${Action} ${Actor.ID}`)));
    const { id } = await killed.onEngine();
    await Promise.all([
      engine.docker("kill", id),
      engine.docker("rm", "--force", (await removed.onEngine()).id),
      engine.docker("rename", (await renamed.onEngine()).id, "by-hand"),
      stopped.owner.container.stop.mutate(stopped.ref),
    ]);
    await stopped.reaches("Stopped");
    const times = (container: WatchedContainer, ...actions: string[]) =>
      actions.map((action) => timesOf(engine.simulation, container, action));
    await expect.poll(() => times(killed, "create", "start", "die")).toEqual([1, 2, 1]);
    await expect.poll(() => times(removed, "create", "start", "destroy")).toEqual([2, 2, 1]);
    await expect.poll(() => times(renamed, "create", "start", "rename")).toEqual([1, 1, 2]);
    for (const container of [killed, removed, renamed]) await container.isOnEngine("running");
    for (const container of [killed, removed, renamed]) await container.reaches("Running");
    // On the stream of before: no look at the whole machine has put anything right.
    expect(calls("events")).toBe(0);
    expect(told.filter((event) => event === `die ${id}`)).toHaveLength(2);
    expect(times(killed, "create", "start", "die")).toEqual([1, 2, 1]);
    expect(times(removed, "create", "start", "destroy")).toEqual([2, 2, 1]);
    expect(times(stopped, "create", "start", "stop", "die")).toEqual([1, 1, 1, 1]);
    expect(times(renamed, "create", "start", "rename")).toEqual([1, 1, 2]);
  });

  test("that are lost while the stream stays open: what they would have told is seen with the next look, a minute later", async () => {
    const { scene, engine } = open();
    const { daemon, faults } = engine.simulation;
    const container = await scene.run();
    await expect.poll(() => daemon.events.listeners).toBe(1);
    const calls = countCalls(engine.simulation);
    faults.events = { ...calm, drop: 1 };
    const told: string[] = [];
    onTestFinished(daemon.events.listen(({ Action }) => void told.push(Action)));
    await engine.docker("kill", (await container.onEngine()).id);
    await expect.poll(() => timesOf(engine.simulation, container, "start"), { timeout: 80_000 }).toBe(2);
    expect(calls("events")).toBe(0);
    expect(told).toEqual([]);
    expect(timesOf(engine.simulation, container, "create")).toBe(1);
  });

  test("that are huge, foreign in script, and come many at once: each is read, on the same connection", async () => {
    const { scene, engine } = open();
    const { daemon } = engine.simulation;
    const container = await scene.run();
    const { id } = await container.onEngine();
    // What the test before has cut is opened again.
    await expect.poll(() => daemon.events.listeners).toBe(1);
    const calls = countCalls(engine.simulation);
    const record = daemon.containers.get(id)!;
    // Three bytes each: of what arrives in pieces of 64 KiB, most end inside a character.
    const note = "容".repeat(350_000);
    for (let at = 0; at < 3; at += 1) daemon.publishContainer(record, "exec_start: note", { note });
    const { process } = record;
    sendSignal(daemon, record, SIGKILL);
    for (let at = 0; at < 100; at += 1) daemon.publishContainer(record, "top", { at: String(at) });
    await expect.poll(() => record.process !== process && record.status).toBe("running");
    expect(calls("events")).toBe(0);
    expect(timesOf(engine.simulation, container, "create")).toBe(1);
  });

  test("of a container that is made after its owner has deleted it, as by a create that was under way: it is removed", async () => {
    const { scene, engine } = open();
    const { daemon } = engine.simulation;
    const container = await scene.run();
    const { id, name } = await container.onEngine();
    const { Labels, Image } = daemon.containers.get(id)!.config;
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    const labels = Object.entries(Labels ?? {}).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    await engine.docker("create", "--name", name, ...labels, Image);
    const names = (): string[] => [...daemon.containers.values()].map((record) => record.name);
    await expect.poll(names).not.toContain(name);
    expect(timesOf(engine.simulation, container, "create")).toBe(2);
  });

  test("that are no events: the stream is opened again, and nothing is missed", async () => {
    const { scene, engine } = open();
    const container = await scene.run();
    const { id } = await container.onEngine();
    const calls = countCalls(engine.simulation);
    const body = '{"Type":"container"}\n<html>';
    engine.simulation.faults.add({ call: "events", effect: { kind: "answer", status: 200, body }, times: 3 });
    engine.simulation.dropConnections();
    await engine.docker("kill", id);
    await expect.poll(() => timesOf(engine.simulation, container, "start"), { timeout: 20_000 }).toBe(2);
    await container.isOnEngine("running");
    await expect.poll(() => calls("events")).toBe(4);
  });

  test("of a container that is starting up, then unhealthy and well again: that is shown, and it is not restarted", async () => {
    const { scene, engine } = open();
    const { daemon } = engine.simulation;
    const container = await scene.run();
    const { id } = await container.onEngine();
    const record = daemon.containers.get(id)!;
    for (const health of ["starting", "unhealthy"] as const) daemon.setHealth(record, health);
    const unhealthy = await container.until("the failing check to be shown", ({ conditions }) => conditions.length > 0);
    expect(unhealthy.conditions).toMatchObject([{ type: "Ready", status: "false", reason: "Unhealthy" }]);
    daemon.setHealth(record, "healthy");
    await container.until("the check to pass again", ({ conditions }) => conditions.length === 0);
    await container.tells("Unhealthy: ");
    expect(doneTo(engine.simulation, container).filter((action) => /^(start|die|stop|kill)$/.test(action))).toEqual([
      "start",
    ]);
    expect(await container.see()).toMatchObject({ phase: "Running", restarts: 0 });
    expect(record.config.Labels?.[LABEL.uid]).toBe(container.uid);
  });

  test("that are refused from the beginning: the machine is looked at all the same, and its owners' wishes are done", async () => {
    const { scene, engine, berth } = open();
    const effect = { kind: "answer", status: 403, body: '{"message":"no events for you"}' } as const;
    const heal = engine.simulation.faults.add({ call: "events", effect });
    await berth.restartReconciler();
    await scene.run();
    const machine = await berth.admin.machine.get.query({ machine_id: scene.machine_id });
    expect(machine).toMatchObject({ online: true });
    expect(machine.conditions).toContainEqual(expect.objectContaining({ type: "EventsConnected", status: "false" }));
    heal();
  });
});
