import type { BerthClient } from "@berth/api/client.ts";
import type { Change, ContainerStats } from "@berth/spec/live.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { describeOnEngines } from "@berth/testbed/scenario/on-engines.ts";
import { expect, onTestFinished, test } from "vitest";

const follow = (client: BerthClient): Change[] => {
  const changes: Change[] = [];
  client.live.changes.subscribe(undefined, { onData: (batch) => changes.push(...batch) });
  onTestFinished(() => client.close());
  return changes;
};

describeOnEngines(["real", "simulated"], (scene) => {
  test("who fetches a container only when told to sees it run, stop and go", async () => {
    const owner = await scene().berth.server.registerUser(`told-${Date.now()}`);
    const changes = follow(owner);
    const container = await scene().create({}, owner);
    const id = String(container.ref.container_id);
    const comesTo = async (phase: string | null): Promise<void> => {
      let shown: string | null = "";
      await waitUntil(`to be told of ${phase}`, 60_000, async () => {
        if (!changes.splice(0).some((change) => change.noun === "container" && [id, null].includes(change.id)))
          return false;
        const { items } = await owner.container.list.query({});
        shown = items[0]?.phase ?? null;
        return shown === phase;
      });
    };
    await comesTo("Running");
    await owner.container.stop.mutate(container.ref);
    await comesTo("Stopped");
    await owner.container.delete.mutate(container.ref);
    await comesTo(null);
  });

  test("readings come while a container runs, and again after it was stopped and started", async () => {
    const container = await scene().run();
    const readings: ContainerStats[] = [];
    const { owner } = container;
    const subscription = owner.container.stats.subscribe(container.ref, {
      onData: (reading) => readings.push(reading),
    });
    onTestFinished(async () => {
      subscription.unsubscribe();
      await owner.close();
    });
    await waitUntil("two readings", 30_000, () => readings.length >= 2);
    expect(readings[0]).toMatchObject({ memory: expect.any(Number), pids: expect.any(Number) });
    expect(readings[1]!.memory_limit).toBeGreaterThan(0);
    await owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    const before = readings.length;
    await owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    await waitUntil("a reading after the start", 30_000, () => readings.length > before + 1);
  });
});
