import { afterEach, expect, test } from "vitest";
import { describeOnEngines } from "./on-engines.ts";

// The simulated machine has two GPUs; no real one has any.
describeOnEngines(["simulated"], (scene) => {
  afterEach(() => scene().berth.deleteContainers(), 60_000);

  test("starts by itself what waited, when what held its GPUs was seen to have stopped", async () => {
    const holder = await scene().run({ gpu_count: 2 });
    const [first, second, third] = [
      await scene().create({ gpu_count: 1 }),
      await scene().create({ gpu_count: 1 }),
      await scene().create({ gpu_count: 2 }),
    ];
    expect(await second.see()).toMatchObject({ phase: "Waiting", waiting: { place: 2 }, status: false });
    expect(await second.allOnEngine()).toEqual([]);
    await holder.owner.container.stop.mutate(holder.ref);
    for (const container of [first, second]) await container.reaches("Running");
    await first.tells("TurnCame");
    expect(await third.see()).toMatchObject({ phase: "Waiting", waiting: { place: 1 } });

    await first.owner.container.delete.mutate(first.ref);
    await first.isGone();
    expect(await third.see()).toMatchObject({ phase: "Waiting" });
    await second.owner.container.delete.mutate(second.ref);
    expect(await third.reaches("Running")).toMatchObject({ waiting: null, gpus: [{ index: 0 }, { index: 1 }] });
  });

  test("starts a stopped container again with the very GPUs that it was made with, when its turn comes", async () => {
    const own = await scene().run({ gpu_count: 1 });
    const { id } = await own.onEngine();
    await own.owner.container.stop.mutate(own.ref);
    await own.reaches("Stopped");
    const other = await scene().run({ gpu_count: 2 });
    await own.owner.container.start.mutate({ ...own.ref, if_busy: "wait" });
    await own.reaches("Waiting");
    expect((await own.onEngine()).state).toBe("exited");
    await scene().berth.restartReconciler();
    await other.owner.container.delete.mutate(other.ref);
    await own.reaches("Running");
    expect((await own.onEngine()).id).toBe(id);
  });

  test("forgets one that was deleted while it waited", async () => {
    await scene().run({ gpu_count: 2 });
    const waiting = await scene().create({ gpu_count: 1 });
    await waiting.owner.container.delete.mutate(waiting.ref);
    await waiting.isGone();
    expect(await scene().berth.query("SELECT 1 FROM waiting_line")).toEqual([]);
  });

  test("makes a container anew without GPUs where they are another's and its owner wants that", async () => {
    const own = await scene().run({ gpu_count: 2 });
    await own.owner.container.stop.mutate(own.ref);
    await own.reaches("Stopped");
    await scene().run({ gpu_count: 1 });
    await own.owner.container.start.mutate({ ...own.ref, if_busy: "without_gpu", recreate: "discard" });
    expect(await own.reaches("Running")).toMatchObject({ gpus: [], spec: { gpu_count: 0 }, held: [{ generation: 1 }] });
  });
});
