import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { describeOnEngines } from "./on-engines.ts";
import { SIMULATED_GPUS } from "./scenario-engine.ts";
import type { WatchedContainer } from "./watched-container.ts";

describeOnEngines(["real", "simulated"], (scene) => {
  test.for([
    { restart: "no", code: 0 },
    { restart: "no", code: 3 },
    { restart: "on-failure", code: 0 },
  ] as const)("has completed when it ends with $code under $restart, and runs again when asked", async (ending) => {
    const { restart, code } = ending;
    const container = await scene().create({ restart, command: ["sh", "-c", `echo ran; exit ${code}`] });
    expect(await container.reaches("Completed")).toMatchObject({ status: false, exit_code: code });
    const { id } = await container.onEngine();
    const ran = () => scene().engine.docker("logs", id);
    expect(await ran()).toBe("ran");

    await container.owner.container.start.mutate(container.ref);
    await expect.poll(ran).toMatch(/^ran\s+ran$/);
    await container.reaches("Completed");
    expect(await container.onEngine()).toMatchObject({ id, state: "exited" });
    expect(await container.see()).toMatchObject({ restarts: 0 });
  });

  test("is told as backing off while it keeps ending, and others do not suffer", async () => {
    const crashing = await scene().create({ command: ["sh", "-c", "exit 3"] });
    const seen = await crashing.until("BackOff", ({ phase }) => phase === "BackOff");
    expect(seen.message).toContain("3");
    const before = performance.now();
    await scene().run();
    expect(performance.now() - before).toBeLessThan(12_000);

    await crashing.owner.container.stop.mutate(crashing.ref);
    await crashing.reaches("Stopped");
    expect((await crashing.onEngine()).state).toBe("exited");
  });

  test("tells of a command that is not there, and runs after it was changed", async () => {
    const container = await scene().create({ command: ["/no/such/command"] });
    const seen = await container.until("BackOff", ({ phase }) => phase === "BackOff");
    expect(seen.message).toContain("127");
    expect(await scene().engine.docker("logs", (await container.onEngine()).id)).toContain("/no/such/command");
    const command = ["sleep", "1000"];
    await container.owner.container.update.mutate({ ...container.ref, command, recreate: "discard" });
    await container.reaches("Running");
    expect((await container.onEngine()).state).toBe("running");
  });

  test("pulls an image by name from a registry", async () => {
    const reference = `${scene().engine.registry}/berth-test/busybox:derived`;
    await scene().engine.docker("rmi", "--force", reference);
    const container = await scene().run({ image_id: await scene().addImage(reference) });
    expect((await container.onEngine()).state).toBe("running");
    await container.tells("Pulling: ");
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
  });

  test("says that an image can't be had, and runs when it can", async () => {
    const repository = `scenario/late-${randomBytes(4).toString("hex")}`;
    const reference = `${scene().engine.registry}/${repository}:latest`;
    const container = await scene().create({ image_id: await scene().addImage(reference) });
    const seen = await container.until("the failed pull to be told", ({ phase }) => /BackOff|Failed/.test(phase));
    expect(seen.message).toContain(reference);
    expect(seen.message).toMatch(/not found|manifest unknown/);
    expect(seen.next_retry_at).not.toBeNull();
    expect(await container.allOnEngine()).toEqual([]);

    await scene().publish(repository);
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    expect((await container.see()).conditions).toEqual([]);
  });

  test("fails where it is lost and its owner wants that, until he says otherwise", async () => {
    const container = await scene().run({ on_loss: "fail" });
    await scene().engine.docker("rm", "--force", (await container.onEngine()).id);
    const seen = await container.reaches("Failed");
    expect(seen.conditions).toMatchObject([{ type: "DataLost" }]);
    expect(await container.allOnEngine()).toEqual([]);

    await container.owner.container.update.mutate({ ...container.ref, on_loss: "recreate" });
    await container.reaches("Running");
    expect((await container.onEngine()).state).toBe("running");
  });

  test("shows that its health check fails, and goes on", async ({ skip }) => {
    skip(scene().engine.simulated, "no check runs there");
    const { docker, registry, name } = scene().engine;
    const reference = `${registry}/scenario/checked-${name}:latest`;
    const check = "HEALTHCHECK --interval=1s --retries=1 CMD test ! -e /tmp/sick";
    const made = await docker("create", TEST_IMAGE, "sleep", "1000");
    await docker("commit", "--change", check, made, reference);
    await docker("push", "--quiet", reference);
    await docker("rm", made);
    const container = await scene().run({ image_id: await scene().addImage(reference) });
    const { id } = await container.onEngine();

    await docker("exec", id, "touch", "/tmp/sick");
    const sick = await container.until("the failing check to be shown", ({ conditions }) => conditions.length > 0);
    expect(sick).toMatchObject({ phase: "Running", conditions: [{ type: "Ready", status: "false" }] });
    await docker("exec", id, "rm", "/tmp/sick");
    await container.until("the check to pass again", ({ conditions }) => conditions.length === 0);
    expect(await container.onEngine()).toMatchObject({ id, state: "running" });
    expect(await container.see()).toMatchObject({ restarts: 0 });
  });

  test("is told when its memory ran out", async ({ skip }) => {
    skip(scene().engine.simulated, "nothing really runs there");
    const command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1"];
    const container = await scene().create({ memory: 32, restart: "no", command });
    expect(await container.reaches("Completed")).toMatchObject({ exit_code: 137 });
    await container.tells("OutOfMemory: ");
  });

  test("is told when its memory ran out while no reconciler ran", async ({ skip }) => {
    const { berth, engine } = scene();
    skip(engine.simulated, "nothing really runs there");
    const ending = "until test -e /go; do sleep 0.05; done; exec dd if=/dev/zero of=/dev/null bs=128M count=1";
    let container: WatchedContainer;
    // Where the runtime reports it only after the end, the engine itself does not know it later.
    do {
      container = await scene().run({ memory: 32, restart: "no", command: ["sh", "-c", ending] });
      await berth.reconciler.stop();
      await container.shell("touch /go");
      await container.isOnEngine("exited");
      await berth.startReconciler();
      expect(await container.reaches("Completed")).toMatchObject({ exit_code: 137 });
    } while ((await container.inspect("{{.State.OOMKilled}}")) !== "true");
    await container.tells("OutOfMemory: ");
  });

  test("gives its GPUs back when it has completed, and claims them for its next run", async ({ skip }) => {
    skip(!scene().engine.simulated, "no GPU is there");
    const taken = async () =>
      (await scene().berth.admin.machine.get.query({ machine_id: scene().machine_id })).gpus_taken;
    const gpus = SIMULATED_GPUS.map(({ uuid }) => uuid);
    // Each run lasts until it is told to end, so that nothing is given back before it was looked at.
    const untilTold = ["sh", "-c", "until test -e /end; do sleep 0.05; done; rm /end"];
    const job = await scene().create({ gpu_count: 2, restart: "no", command: untilTold });
    const endRun = async () => {
      await job.reaches("Running");
      await job.shell("touch /end");
      await job.reaches("Completed");
    };
    expect((await taken()).toSorted()).toEqual(gpus);
    await endRun();
    expect(await taken()).toEqual([]);

    const other = await scene().run({ gpu_count: 1 });
    await expect(job.owner.container.start.mutate(job.ref)).rejects.toMatchObject({ code: "CONFLICT" });
    await other.owner.container.stop.mutate(other.ref);
    await other.reaches("Stopped");
    expect(await taken()).toEqual([]);
    await job.owner.container.start.mutate(job.ref);
    expect((await taken()).toSorted()).toEqual(gpus);
    await endRun();

    await other.owner.container.start.mutate(other.ref);
    await other.reaches("Running");
    expect(await taken()).toHaveLength(1);
    await other.owner.container.delete.mutate(other.ref);
    await other.isGone();
    expect(await taken()).toEqual([]);
  });
});
