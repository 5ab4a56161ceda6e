import type { Container } from "@berth/spec/container.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { FleetRegistry } from "../fleet/registry.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import type { Berth } from "./berth.ts";
import { describeOnEngines } from "./on-engines.ts";
import { recordRegistry } from "./record-registry.ts";
import type { Scene } from "./scene.ts";
import { WatchedContainer } from "./watched-container.ts";

const SUM = "sha256sum /kept";
const write = (container: WatchedContainer): Promise<string> =>
  container.shell(`dd if=/dev/urandom of=/kept bs=1024 count=64 2> /dev/null; ${SUM}`);

describeOnEngines(["real"], (scene, scenes) => {
  let registry: FleetRegistry;
  let berth: Berth;
  /** Another machine, of another generation of Docker. */
  let elsewhere: Scene;
  beforeAll(async () => {
    ({ berth } = scene());
    elsewhere = scenes()[0] === scene() ? scenes()[1]! : scenes()[0]!;
    registry = await FleetRegistry.start(sharedFleet()!.directory, { name: `move-${scene().engine.name}` });
    await recordRegistry(berth, { address: registry.address });
  });
  afterAll(() => registry.kill());
  afterEach(async () => {
    await berth.admin.machine.update.mutate({ machine_id: scene().machine_id, state: "active" });
    await berth.deleteContainers();
  });

  const move = ({ ref, owner }: WatchedContainer, recreate: "preserve" | "discard" = "preserve"): Promise<Container> =>
    owner.container.move.mutate({ ...ref, machine_id: elsewhere.machine_id, recreate });
  const there = (container: WatchedContainer, seen: Container) =>
    new WatchedContainer(container.owner, elsewhere.engine, seen);

  test("takes what is inside to another machine, and leaves what it was behind for a day", async () => {
    const container = await scene().run({ ports: [{ name: "ssh", kind: "ssh", container_port: 22 }] });
    const before = await container.onEngine();
    const written = await write(container);
    const moving = await move(container);
    expect(moving).toMatchObject({ phase: "Moving", moving: { machine_id: elsewhere.machine_id } });
    const arrived = await container.reaches("Running", 60_000);
    expect(arrived).toMatchObject({ machine_id: elsewhere.machine_id, moving: null, held: [] });
    expect(arrived.image).toMatch(/:move-\d+$/);
    expect(await there(container, arrived).shell(SUM)).toBe(written);
    await waitUntil("what it was to be set aside", 30_000, async () => {
      const [left] = await container.allOnEngine();
      return left?.id === before.id && left.state === "exited" && /-old-\d+$/.test(left.name);
    });
    expect(await berth.query("SELECT 1 FROM port_allocations WHERE machine_id = $1", [scene().machine_id])).toEqual([]);

    await berth.query("UPDATE held_containers SET held_until = now() WHERE engine_id = $1", [before.id]);
    await berth.restartReconciler();
    await waitUntil("what it was to be removed", 30_000, async () => (await container.allOnEngine()).length === 0);
    await waitUntil("its hold to be forgotten", 90_000, async () => {
      return (await berth.query("SELECT 1 FROM held_containers")).length === 0;
    });
  }, 180_000);

  test("begins anew elsewhere where its owner discards what is inside", async () => {
    const container = await scene().run();
    await write(container);
    const { image_id } = await container.see();
    await move(container, "discard");
    const arrived = await container.reaches("Running", 60_000);
    expect(arrived).toMatchObject({ machine_id: elsewhere.machine_id, image_id });
    await expect(there(container, arrived).shell(SUM)).rejects.toThrow(/kept/);
  });

  test("does not begin anew elsewhere from what was kept on this machine alone", async () => {
    const container = await scene().run();
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "preserve" });
    const kept = await container.reaches("Running");
    await expect(move(container, "discard")).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("on its machine alone"),
    });
    expect(await container.see()).toEqual(kept);
  });

  test("moves back to where it was, beside what it left there", async () => {
    const container = await scene().run();
    const written = await write(container);
    await move(container);
    await container.reaches("Running", 60_000);
    await container.owner.container.move.mutate({ ...container.ref, machine_id: scene().machine_id });
    const back = await container.until(
      "it to be back",
      ({ phase, machine_id }) => phase === "Running" && machine_id === scene().machine_id,
      60_000,
    );
    expect(await container.shell(SUM)).toBe(written);
    expect(back.conditions).toEqual([]);
  });

  test("stays where it is, and runs again, where its save is cancelled", async () => {
    await registry.kill();
    try {
      const container = await scene().run();
      const written = await write(container);
      const { moving } = await move(container);
      const { image_id } = moving!;
      await container.until("it to be down", ({ status }) => !status);
      await berth.admin.image.cancel.mutate({ image_id });
      const stayed = await container.until("it to run again", ({ phase }) => phase === "Running", 60_000);
      expect(stayed).toMatchObject({ machine_id: scene().machine_id, moving: null });
      expect(await container.shell(SUM)).toBe(written);
      await container.tells("MoveGivenUp");
    } finally {
      await registry.start();
    }
  });

  test("arrives once, whichever process sees that its save is done", async () => {
    await berth.restartReconciler({ crashAt: "after-ready" });
    const container = await scene().run();
    const written = await write(container);
    await move(container);
    expect(await berth.reconciler.exited).toBe("SIGKILL");
    await berth.startReconciler();
    const arrived = await container.reaches("Running", 60_000);
    expect(await there(container, arrived).shell(SUM)).toBe(written);
    expect(await there(container, arrived).allOnEngine()).toHaveLength(1);
  });

  test("is deleted with what it left behind", async () => {
    const container = await scene().run();
    await move(container);
    await container.reaches("Running", 60_000);
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    await waitUntil("nothing to be left on either", 90_000, async () => (await container.allOnEngine()).length === 0);
  }, 180_000);

  test("a drained machine takes nothing new, and what ran there is stopped or moved as its owner wants", async () => {
    const [stays, goes] = [await scene().run(), await scene().run({ on_drain: "move" })];
    const written = await write(goes);
    const drained = await berth.admin.machine.drain.mutate({ machine_id: scene().machine_id });
    expect(drained).toMatchObject({
      stopping: [{ container_id: stays.container_id }],
      moving: [{ container_id: goes.container_id }],
      left: [],
    });
    await stays.reaches("Stopped");
    const arrived = await goes.reaches("Running", 60_000);
    expect(arrived.machine_id).not.toBe(scene().machine_id);
    const [target] = scenes().filter(({ machine_id }) => machine_id === arrived.machine_id);
    expect(await new WatchedContainer(goes.owner, target!.engine, arrived).shell(SUM)).toBe(written);
    await expect(scene().create()).rejects.toMatchObject({ message: expect.stringContaining("cordoned") });
  });
});
