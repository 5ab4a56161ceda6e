import { expect, onTestFinished, test } from "vitest";
import { engineTime, timedActionsSince } from "../faults/on-engine.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";

/** By the engine's own clock, its own start on a busy machine included: no poll is as quick. */
const UNDONE_WITHIN_MS = 5_000;

describeOnEngines(["real", "simulated"], (scene) => {
  test("makes again what was removed by hand, and says that what was inside is gone", async () => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    await scene().engine.docker("rm", "--force", id);
    const seen = await container.until("the loss to be told", ({ conditions }) =>
      conditions.some(({ type }) => type === "DataLost"),
    );
    expect(seen.desired).toBe("running");
    expect((await container.isOnEngine("running")).id).not.toBe(id);
    expect(await container.reaches("Running")).toMatchObject({ status: true, conditions: [{ type: "DataLost" }] });
    await container.tells("ContainerGone: ");
    await container.tells("Created: Created (not found)");
    expect(await container.allOnEngine()).toHaveLength(1);
  });

  test.for([
    { edit: "kill", by: ["kill"], told: "Started: Started (stopped by hand)", undone: ["die", "start"] },
    { edit: "stop", by: ["stop", "--time", "0"], told: "Started: Started (stopped by hand)", undone: ["die", "start"] },
    { edit: "pause", by: ["pause"], told: "Unpaused: Unpaused (paused)", undone: ["pause", "unpause"] },
  ])("goes on at once with what was ended or halted by hand: $edit", async ({ by, told, undone }) => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    const since = engineTime();
    await scene().engine.docker(...by, id);
    await container.tells(told);
    const timed = (await timedActionsSince(scene().engine, since, container)).filter(({ action }) =>
      undone.includes(action),
    );
    expect(timed.map(({ action }) => action)).toEqual(undone);
    const [edited, repaired] = timed;
    expect(repaired!.ms - edited!.ms).toBeLessThan(UNDONE_WITHIN_MS);
    await container.reaches("Running");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
    expect(await container.see()).toMatchObject({ conditions: [], restarts: 0 });
  });

  test("gives back the name that was taken from it by hand", async () => {
    const container = await scene().run();
    const before = await container.onEngine();
    await scene().engine.docker("rename", before.id, `stolen-${container.container_id}`);
    await container.tells(`Renamed: Renamed to ${before.name}`);
    // For a moment it has both names.
    await container.isOnEngine("running");
    expect(await container.allOnEngine()).toEqual([before]);
  });

  test("stops what was started by hand though it should be stopped", async () => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await scene().engine.docker("start", id);
    // Equal events in a row are counted: once for its owner's stop, once for this.
    const stops = async () => (await container.events()).filter(({ reason }) => reason === "Stopped");
    await expect.poll(stops).toMatchObject([{ count: 2 }]);
    await container.isOnEngine("exited");
    await container.reaches("Stopped");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "exited" }]);
  });

  test("tells the loss of a stopped container that was removed by hand while no reconciler lived", async () => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    const { berth } = scene();
    await berth.reconciler.stop();
    await scene().engine.docker("rm", id);
    await berth.startReconciler();
    const seen = await container.until("the loss to be told", ({ conditions }) =>
      conditions.some(({ type }) => type === "DataLost"),
    );
    expect(seen).toMatchObject({ phase: "Stopped", desired: "stopped" });
    expect(await container.allOnEngine()).toEqual([]);
  });

  test("leaves a stopped container away that was removed by hand, and says that what was inside is gone", async () => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await scene().engine.docker("rm", id);
    await container.until("the loss to be told", ({ conditions }) =>
      conditions.some(({ type }) => type === "DataLost"),
    );
    await container.tells("ContainerGone: ");
    expect(await container.reaches("Stopped")).toMatchObject({ status: false });
    expect(await container.allOnEngine()).toEqual([]);
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
  });

  test("sets limits again where it changes them next, whatever was set by hand", async () => {
    const container = await scene().run({ memory: 32 });
    const { id } = await container.onEngine();
    await scene().engine.docker("update", "--memory", "40m", "--memory-swap", "40m", id);
    await container.owner.container.update.mutate({ ...container.ref, memory: 48 });
    await container.reaches("Running");
    expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(String(48 * 1_048_576));
    expect((await container.onEngine()).id).toBe(id);
  });

  test("leaves a stranger alone that has its name, and says so", async () => {
    const container = await scene().create({ desired: "stopped" });
    await container.reaches("Stopped");
    const name = await container.engineName();
    const stranger = await scene().engine.docker("create", "--name", name, TEST_IMAGE, "sleep", "1000");
    onTestFinished(async () => {
      await scene().engine.docker("rm", "--force", stranger);
    });
    await scene().engine.docker("start", stranger);
    const before = await scene().engine.docker("container", "inspect", stranger);

    await container.owner.container.start.mutate(container.ref);
    const seen = await container.reaches("Failed");
    expect(seen).toMatchObject({ status: false, conditions: [{ type: "NameConflict", status: "true" }] });
    expect(seen.message).toContain(name);
    await container.tells("ForeignContainer: ");
    expect(await scene().engine.docker("container", "inspect", stranger)).toBe(before);
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    expect(await scene().engine.docker("container", "inspect", stranger)).toBe(before);
  });

  test("ignores a stranger that bears its labels, as what is run from a commit of it does", async () => {
    const container = await scene().run();
    const { id, name } = await container.onEngine();
    const image = `scenario/copy-${container.container_id}:latest`;
    await scene().engine.docker("commit", id, image);
    const doubles = await Promise.all(
      [`double-${container.container_id}`, `${name}-copy`].map((double) =>
        scene().engine.docker("create", "--name", double, image),
      ),
    );
    onTestFinished(async () => {
      await scene().engine.docker("rm", "--force", ...doubles);
      await scene().engine.docker("rmi", image);
    });
    await scene().engine.docker("start", doubles[0]!);
    const look = () => Promise.all(doubles.map((double) => scene().engine.docker("container", "inspect", double)));
    const before = await look();

    const { generation } = await container.see();
    await scene().engine.docker("kill", id);
    await container.tells("Started: Started (stopped by hand)");
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    await container.until("the recreate", (seen) => seen.observed_generation > generation && seen.phase === "Running");
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    await scene().berth.restartReconciler();
    // Another container's whole start passes meanwhile.
    await scene().run();
    expect(await look()).toEqual(before);
  });

  test.for([
    { who: "another container", by: (port: number) => ["--publish", `${port}:80`, TEST_IMAGE, "sleep", "1000"] },
    { who: "a program", by: (port: number) => ["--network", "host", TEST_IMAGE, "httpd", "-f", "-p", `${port}`] },
  ])(
    "says that $who of the machine has its port, leaves that alone, and starts once the port is free",
    async ({ who, by }, { skip }) => {
      const { engine } = scene();
      skip(who === "a program" && engine.simulated, "nothing really listens there");
      const ports = [{ name: "web", kind: "http" as const, container_port: 80 }];
      const container = await scene().create({ desired: "stopped", ports });
      const [port] = (await container.reaches("Stopped")).ports;
      const stranger = await engine.docker("run", "--detach", ...by(port?.host_port ?? 0));
      onTestFinished(async () => {
        await engine.docker("rm", "--force", stranger);
      });
      if (who === "a program") {
        const connect = `until nc 127.0.0.1 ${port?.host_port} < /dev/null; do sleep 0.1; done`;
        await engine.docker("exec", stranger, "sh", "-c", connect);
      }
      const look = () => engine.docker("container", "inspect", stranger);
      const before = await look();

      await container.owner.container.start.mutate(container.ref);
      const seen = await container.until("what is in the way to be told", ({ message }) =>
        /already (allocated|in use)/.test(message ?? ""),
      );
      expect(seen.message).toContain(String(port?.host_port));
      expect(await look()).toBe(before);
      await engine.docker("rm", "--force", stranger);
      expect(await container.reaches("Running")).toMatchObject({ ports: [port] });
      expect(await container.allOnEngine()).toHaveLength(1);
    },
  );
});
