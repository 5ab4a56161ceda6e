import { expect, test } from "vitest";
import { actionsSince, engineTime } from "../faults/on-engine.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { describeOnEngines } from "./on-engines.ts";

const MIB = 1_048_576;

describeOnEngines(["real", "simulated"], (scene) => {
  test("runs what was recorded, stops it, and starts the same container again", async () => {
    const container = await scene().run();
    const { id, state } = await container.onEngine();
    expect(state).toBe("running");

    await container.owner.container.stop.mutate(container.ref);
    expect(await container.reaches("Stopped")).toMatchObject({ status: false, desired: "stopped" });
    expect(await container.onEngine()).toMatchObject({ id, state: "exited" });

    await container.owner.container.start.mutate(container.ref);
    expect(await container.reaches("Running")).toMatchObject({ status: true, restarts: 0 });
    expect(await container.onEngine()).toMatchObject({ id, state: "running" });
    await container.tells("Started (start requested)");
    expect((await container.told()).join()).not.toContain("by hand");
  });

  test("restarts the same container once, and keeps what is inside", async () => {
    const container = await scene().run();
    const before = await container.onEngine();
    const startedAt = await container.inspect("{{.State.StartedAt}}");
    await container.shell("echo precious > /kept");
    await container.owner.container.restart.mutate(container.ref);
    expect(await container.reaches("Running")).toMatchObject({ status: true, restarts: 0, conditions: [] });
    expect(await container.onEngine()).toEqual(before);
    expect(await container.inspect("{{.State.StartedAt}}")).not.toBe(startedAt);
    expect(await container.shell("cat /kept")).toBe("precious");
    await container.tells("Started (restart requested)");
    const stops = (await container.events()).filter(({ reason }) => reason === "Stopped");
    expect(stops).toMatchObject([{ message: "Stopped (restart requested).", count: 1 }]);
  });

  test("restarts what is stopped, what is paused by hand, and what has done its work", async () => {
    const container = await scene().run();
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await container.owner.container.restart.mutate(container.ref);
    await container.reaches("Running");

    await scene().engine.docker("pause", (await container.onEngine()).id);
    await container.owner.container.restart.mutate(container.ref);
    await container.reaches("Running");
    await container.tells("Stopped (restart requested)");

    const job = await scene().create({ command: ["true"], restart: "no" });
    await job.reaches("Completed");
    await job.owner.container.restart.mutate(job.ref);
    await job.tells("Started (start requested)");
    await job.reaches("Completed");
  });

  test("makes nothing for what is to be stopped from the beginning", async () => {
    const container = await scene().create({ desired: "stopped" });
    await container.reaches("Stopped");
    expect(await container.allOnEngine()).toEqual([]);
  });

  test("changes memory, cores and name in place, and sees no drift afterwards", async () => {
    const container = await scene().run({ memory: 32 });
    const { id } = await container.onEngine();
    const startedAt = await container.inspect("{{.State.StartedAt}}");
    const limits = "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}}";
    expect(await container.inspect(limits)).toBe(`${32 * MIB} ${32 * MIB} 0`);

    await container.owner.container.update.mutate({ ...container.ref, memory: 64, cpus: 0.5 });
    await container.reaches("Running");
    expect(await container.inspect(limits)).toBe(`${64 * MIB} ${64 * MIB} 500000000`);

    const name = `renamed-${container.container_id}`;
    await container.owner.container.update.mutate({ ...container.ref, name });
    await container.reaches("Running");
    expect(await container.onEngine()).toMatchObject({ id, state: "running" });
    expect((await container.onEngine()).name).toContain(name);

    // Events are written beside the status, in order: this is the last.
    await container.tells("Renamed: ");
    const told = await container.told();
    await scene().berth.restartReconciler();
    // Another container's whole start passes meanwhile.
    await scene().run();
    expect(await container.see()).toMatchObject({ phase: "Running", conditions: [] });
    expect(await container.onEngine()).toMatchObject({ id, state: "running" });
    expect(await container.inspect("{{.State.StartedAt}}")).toBe(startedAt);
    expect(await container.inspect(limits)).toBe(`${64 * MIB} ${64 * MIB} 500000000`);
    expect(await container.told()).toEqual(told);
  });

  test("lifts a limit in place", async () => {
    const container = await scene().run({ memory: 32, cpus: 0.5 });
    const { id } = await container.onEngine();
    await container.owner.container.update.mutate({ ...container.ref, memory: null, cpus: null });
    await container.reaches("Running");

    const { memory, cores } = await container.owner.machine.get.query({ machine_id: scene().machine_id });
    const [bytes = 0, nanoCpus = 0] = (await container.inspect("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"))
      .split(" ")
      .map(Number);
    // Docker can't take a limit away: one that is never reached is none.
    expect(Math.ceil(bytes / MIB)).toBeGreaterThanOrEqual(memory?.total ?? Infinity);
    expect(nanoCpus / 1e9).toBe(cores);
    expect((await container.onEngine()).id).toBe(id);
  });

  test("changes a limit of a stopped container, which has it when it runs again", async () => {
    const container = await scene().run({ memory: 32 });
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await container.owner.container.update.mutate({ ...container.ref, memory: 48 });
    await container.reaches("Stopped");
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(`${48 * MIB}`);
  });

  test("leaves no trace on the engine of what was deleted", async () => {
    const { berth, machine_id } = scene();
    const before = (await berth.admin.machine.get.query({ machine_id })).containers;
    const wish = { ports: [{ name: "web", kind: "http" as const, container_port: 80 }] };
    const container = await scene().run(wish);
    const [port] = (await container.see()).ports;

    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    expect(await container.allOnEngine()).toEqual([]);
    await expect(container.see()).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await berth.admin.machine.get.query({ machine_id })).containers).toBe(before);
    // Its name and its port are free.
    const next = await scene().create({ ...wish, desired: "stopped" });
    expect((await next.see()).ports).toEqual([port]);
  });

  test("deletes what is just being created, stopped and paused containers alike", async () => {
    const creating = await scene().create();
    await waitUntil("the creation to be under way", 30_000, () =>
      scene().berth.reconciler.log.some((line) => line.includes(creating.uid) && line.includes("createContainer")),
    );
    await creating.owner.container.delete.mutate(creating.ref);
    const [stopped, paused] = await Promise.all([scene().run(), scene().run()]);
    await stopped.owner.container.stop.mutate(stopped.ref);
    await stopped.reaches("Stopped");
    await scene().engine.docker("pause", (await paused.onEngine()).id);
    await stopped.owner.container.delete.mutate(stopped.ref);
    await paused.owner.container.delete.mutate(paused.ref);
    for (const container of [creating, stopped, paused]) {
      await container.isGone();
      expect(await container.allOnEngine()).toEqual([]);
    }
  });

  test("starts what is asked to start while it stops", async () => {
    // Takes its time to stop, and longer than it takes to ask for the start.
    const container = await scene().run({ command: ["sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"] });
    const { id } = await container.onEngine();
    const since = engineTime();
    const done = (): Promise<string[]> => actionsSince(scene().engine, since, container);
    await container.owner.container.stop.mutate(container.ref);
    await waitUntil("the stop to be under way", 30_000, async () => (await done()).includes("kill"));
    await container.owner.container.start.mutate(container.ref);
    expect(await done()).not.toContain("die");
    await container.reaches("Running");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
    expect((await done()).filter((action) => action === "die" || action === "start")).toEqual(["die", "start"]);
  });

  test("gives two containers that publish one port a host port each", async () => {
    const wish = { ports: [{ name: "web", kind: "http" as const, container_port: 80 }] };
    const serve = (text: string) => ["sh", "-c", `echo ${text} > /www/index.html; exec httpd -f -h /www`];
    const simulated = scene().engine.simulated;
    const [one, other] = await Promise.all(
      ["one", "other"].map((text) => scene().run({ ...wish, ...(!simulated && { command: serve(text) }) })),
    );
    const hostPorts = await Promise.all(
      [one, other].map(async (container) => (await container!.see()).ports[0]?.host_port),
    );
    expect(new Set(hostPorts).size).toBe(2);
    if (simulated) return;
    for (const [container, text] of [[one, "one"] as const, [other, "other"] as const]) {
      const { ports, connect } = await container!.see();
      const url = connect.urls.find((shown) => shown.endsWith(`:${ports[0]?.host_port}`)) ?? "";
      await expect.poll(async () => (await fetch(url)).text()).toBe(`${text}\n`);
    }
  });
});
