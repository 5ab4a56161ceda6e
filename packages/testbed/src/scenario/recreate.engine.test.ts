import { expect, onTestFinished, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";
import type { WatchedContainer } from "./watched-container.ts";

describeOnEngines(["real", "simulated"], (scene) => {
  test("changes nothing that an engine fixes at create without its owner's word, and names it", async () => {
    const container = await scene().run();
    const before = await container.see();
    const { id } = await container.onEngine();
    const change = { ...container.ref, env: { GREETING: "hello" }, shm: 128, memory: 64 };
    await expect(container.owner.container.update.mutate(change)).rejects.toMatchObject({
      code: "CONFLICT",
      details: { fields: ["env", "shm"] },
    });
    expect(await container.see()).toEqual(before);
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
  });

  test("discards what is inside where its owner says so, and keeps the old container aside", async () => {
    const container = await scene().run();
    const { id, name } = await container.onEngine();
    await container.shell("echo precious > /kept");

    await container.owner.container.update.mutate({
      ...container.ref,
      env: { GREETING: "hello" },
      recreate: "discard",
    });
    const { held } = await container.reaches("Running");
    expect(held).toMatchObject([{ generation: 1 }]);
    expect(Date.parse(held[0]!.held_until)).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    const all = await container.allOnEngine();
    expect(all).toHaveLength(2);
    expect(all).toContainEqual({ id, name: `${name}-old-1`, state: "exited" });
    expect(await container.shell("echo $GREETING; cat /kept || true")).toBe("hello");
  });

  test("keeps the old container running until the new one can be made", async () => {
    const missing = await scene().addImage(`${scene().engine.registry}/scenario/nowhere:latest`);
    const container = await scene().run();
    const { id } = await container.onEngine();
    await container.owner.container.update.mutate({ ...container.ref, image_id: missing, recreate: "discard" });
    const seen = await container.until("the failed pull to be told", ({ conditions }) =>
      conditions.some(({ type, status }) => type === "ImagePulled" && status === "false"),
    );
    expect(seen).toMatchObject({ status: true });
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "running" }]);
  });

  test("preserves what is inside where its owner says so", async () => {
    const container = await scene().run();
    const { id } = await container.onEngine();
    await container.shell("echo precious > /kept");

    const { recreate } = container.owner.container;
    await container.owner.container.update.mutate({
      ...container.ref,
      env: { GREETING: "hello" },
      recreate: "preserve",
    });
    await container.reaches("Running");
    expect((await container.onEngine()).id).not.toBe(id);
    expect(await container.shell("echo $GREETING; cat /kept")).toBe("hello\nprecious");

    // Once more, from what was kept.
    await container.shell("echo more >> /kept");
    await recreate.mutate({ ...container.ref, recreate: "preserve" });
    const { held } = await container.reaches("Running");
    expect(await container.shell("cat /kept")).toBe("precious\nmore");
    expect(held).toHaveLength(2);
    // Nothing of ours may follow the content into an image: whoever runs it by hand would run a double.
    const image = await container.inspect("{{.Config.Image}}");
    const labels = await scene().engine.docker("image", "inspect", "--format", "{{json .Config.Labels}}", image);
    expect(JSON.parse(labels)).not.toHaveProperty("berth.uid", container.uid);
  });

  test("gives another container of the machine what was kept, and never that one's content the name of it", async () => {
    const [origin, taker] = [await scene().run(), await scene().run()];
    await origin.shell("echo precious > /kept");
    await taker.shell("echo other > /kept");
    await origin.owner.container.recreate.mutate({ ...origin.ref, recreate: "preserve" });
    const { image_id } = await origin.reaches("Running");
    const take = (container: WatchedContainer) =>
      container.owner.container.update.mutate({ ...container.ref, image_id, recreate: "discard" });
    await take(taker);
    await taker.reaches("Running");
    expect(await taker.shell("cat /kept")).toBe("precious");

    const late = await scene().run();
    await late.shell("echo other > /kept");
    const { id } = await late.onEngine();
    for (const one of [origin, taker]) {
      await one.owner.container.delete.mutate(one.ref);
      await one.isGone();
    }
    const { reference } = await origin.owner.image.get.query({ image_id });
    await scene().engine.docker("rmi", reference);
    await take(late);
    await late.until("the loss to be told", ({ conditions }) => conditions.some(({ type }) => type === "ImageLost"));
    expect(await late.allOnEngine()).toMatchObject([{ id, state: "running" }]);
    await expect(scene().engine.docker("inspect", reference)).rejects.toThrow(/[Nn]o such/);
  });

  test("recreates a stopped container when it is started next, with what is inside", async () => {
    const container = await scene().run();
    await container.shell("echo precious > /kept");
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    const { id } = await container.onEngine();
    await container.owner.container.update.mutate({
      ...container.ref,
      env: { GREETING: "hello" },
      recreate: "preserve",
    });
    await container.reaches("Stopped");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "exited" }]);
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect(await container.shell("echo $GREETING; cat /kept")).toBe("hello\nprecious");
    expect(await container.allOnEngine()).toHaveLength(2);
  });

  test("puts the old container back, and soon, after three failures to start the new one", async () => {
    const { engine, machine_id, berth } = scene();
    const container = await scene().run();
    const before = await container.onEngine();
    await container.shell("echo precious > /kept");
    // The one port that is left for it is a stranger's, which only the engine knows.
    await berth.admin.machine.update.mutate({ machine_id, port_range: { first: 25_000, last: 25_000 } });
    const stranger = await engine.docker("create", "--publish", "25000:80", TEST_IMAGE, "sleep", "1000");
    await engine.docker("start", stranger);
    onTestFinished(async () => {
      await engine.docker("rm", "--force", stranger);
      await berth.admin.machine.update.mutate({ machine_id, port_range: { first: 20_000, last: 29_999 } });
    });

    const ports = [{ name: "web", kind: "http" as const, container_port: 80 }];
    await container.owner.container.update.mutate({ ...container.ref, ports, recreate: "discard" });
    const seen = await container.until(
      "the old one to be put back",
      ({ phase, conditions }) => phase === "Running" && conditions.some(({ type }) => type === "RecreateFailed"),
      // Some four seconds with nothing else to do; a crash loop's pauses would make it 35 and more.
      30_000,
    );
    expect(seen).toMatchObject({ status: true, held: [] });
    expect(await container.allOnEngine()).toEqual([before]);
    expect(await container.shell("cat /kept")).toBe("precious");
    await container.tells("port is already allocated");
    await container.tells("PutBack: ");

    // The next change is tried anew.
    await engine.docker("rm", "--force", stranger);
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    expect(await container.reaches("Running")).toMatchObject({ conditions: [] });
    expect((await container.onEngine()).id).not.toBe(before.id);
  });
});
