import { expect, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";

describeOnEngines(["real", "simulated"], (scene) => {
  test("leaves alone what an older release made with less in the create body", async () => {
    const { engine, berth } = scene();
    const container = await scene().run({ memory: 64, ports: [{ name: "web", kind: "http", container_port: 80 }] });
    const { id: made, name } = await container.onEngine();
    const labels = JSON.parse(await container.inspect("{{json .Config.Labels}}")) as Record<string, string>;

    // In its place what an older release would have made and recorded: the same labels, and little else in the body.
    await berth.reconciler.stop();
    await engine.docker("rm", "--force", made);
    const labelled = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    const id = await engine.docker("create", "--init", "--name", name, ...labelled, TEST_IMAGE, "sleep", "1000");
    await engine.docker("start", id);
    await berth.query("UPDATE container_status SET engine_id = $1 WHERE container_id = $2", [
      id,
      container.container_id,
    ]);
    const before = await engine.docker("container", "inspect", id);
    const told = await container.told();

    await berth.startReconciler();
    // Another container's whole start passes meanwhile.
    await scene().run();
    expect(await container.reaches("Running")).toMatchObject({ conditions: [] });
    expect(await engine.docker("container", "inspect", id)).toBe(before);
    expect(await container.told()).toEqual(told);

    // It is as much Berth's as any other.
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    expect(await container.allOnEngine()).toMatchObject([{ id, state: "exited" }]);
  });
});
