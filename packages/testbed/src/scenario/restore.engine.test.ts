import { expect, test } from "vitest";
import { describeOnEngines } from "./on-engines.ts";
import type { Scene, Wish } from "./scene.ts";
import type { WatchedContainer } from "./watched-container.ts";

const WEB = { name: "web", kind: "http", container_port: 80 } as const;

/** Made anew without what was inside: the old one holds `old`, the new one `new`, in /kept. */
async function recreated(scene: Scene, wish: Wish = {}): Promise<WatchedContainer> {
  const container = await scene.run(wish);
  await container.shell("echo old > /kept");
  await container.owner.container.update.mutate({ ...container.ref, env: { GREETING: "hello" }, recreate: "discard" });
  await container.reaches("Running");
  await container.shell("echo new > /kept");
  return container;
}

describeOnEngines(["real", "simulated"], (scene) => {
  test("brings back what a recreate set aside, and back again", async () => {
    const container = await recreated(scene(), { ports: [WEB] });
    const { ports } = await container.see();
    const made = await container.onEngine();

    await container.owner.container.restore.mutate(container.ref);
    const restored = await container.reaches("Running");
    expect(restored).toMatchObject({ status: true, conditions: [], ports, held: [{ generation: 2 }] });
    expect(restored.spec.env).toEqual({});
    expect(await container.shell("echo -$GREETING-; cat /kept")).toBe("--\nold");
    expect(await container.allOnEngine()).toContainEqual({ ...made, name: `${made.name}-old-2`, state: "exited" });

    await container.owner.container.restore.mutate(container.ref);
    const again = await container.reaches("Running");
    expect(again).toMatchObject({ status: true, conditions: [], ports, held: [{ generation: 1 }] });
    expect(again.spec.env).toEqual({ GREETING: "hello" });
    expect(await container.onEngine()).toEqual(made);
    expect(await container.shell("echo $GREETING; cat /kept")).toBe("hello\nnew");
    expect(await container.allOnEngine()).toHaveLength(2);
    await container.tells("Restored: ");
  });

  test("leaves a stopped container stopped, and starts what was restored at its next start", async () => {
    const container = await recreated(scene(), { restart: "no" });
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await container.owner.container.restore.mutate(container.ref);
    expect(await container.reaches("Stopped")).toMatchObject({ held: [{ generation: 2 }], conditions: [] });
    expect(await container.onEngine()).toMatchObject({ state: "exited" });
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect(await container.shell("cat /kept")).toBe("old");
  });

  test("gives what was restored the limits that it was made with, and recreates it for a later change", async () => {
    const container = await scene().run({ memory: 32 });
    await container.shell("echo old > /kept");
    await container.owner.container.update.mutate({ ...container.ref, shm: 64, memory: 64, recreate: "discard" });
    await container.reaches("Running");
    await container.owner.container.restore.mutate(container.ref);
    await container.reaches("Running");
    await container.until("the limits to be applied", ({ phase, message }) => phase === "Running" && message === "");
    expect(await container.inspect("{{.HostConfig.Memory}}")).toBe(String(32 * 1_048_576));

    await container.owner.container.update.mutate({ ...container.ref, env: { A: "b" }, recreate: "preserve" });
    expect(await container.reaches("Running")).toMatchObject({ conditions: [], held: [{}, {}] });
    expect(await container.shell("echo $A; cat /kept")).toBe("b\nold");
  });

  test("keeps the container where what was set aside was removed by hand, and says so", async () => {
    const { engine, berth } = scene();
    const container = await recreated(scene());
    const made = await container.onEngine();
    const [old] = (await container.allOnEngine()).filter(({ id }) => id !== made.id);
    // While nobody watches: a hold whose container is seen to be gone is forgotten, and can't be restored any more.
    await berth.reconciler.stop();
    await engine.docker("rm", old!.id);
    await container.owner.container.restore.mutate(container.ref);
    await berth.startReconciler();

    const seen = await container.until("the restore to be given up", ({ conditions }) =>
      conditions.some(({ type }) => type === "RestoreFailed"),
    );
    expect(seen).toMatchObject({ status: true, held: [] });
    expect(seen.message).toContain("gone from its machine");
    expect(await container.allOnEngine()).toEqual([made]);
    expect(await container.shell("cat /kept")).toBe("new");
    await expect(container.owner.container.restore.mutate(container.ref)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
