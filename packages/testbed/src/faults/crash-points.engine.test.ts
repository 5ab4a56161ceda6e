import type { Container } from "@berth/spec/container.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import type { EngineGeneration } from "../fleet/generations.ts";
import { PULL_TEST_IMAGE } from "../fleet/test-image.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import type { ReconcilerProcess } from "../scenario/reconciler-process.ts";
import { expectConsistent } from "./consistency.ts";
import {
  actionsSince,
  engineTime,
  fingerprint,
  listOf,
  runForeign,
  runInside,
  MUTATIONS,
  theOneOf,
} from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

const provided = sharedFleet();
const GENERATIONS = (["20.10", "28.5"] as const).filter((generation) =>
  provided?.engines.some((engine) => engine.generation === generation),
);
const nameOn = (generation: EngineGeneration): string => `crash-${generation.replace(".", "-")}`;

interface Scene {
  stage: Stage;
  machine: StageMachine;
  /** Of its own for each test: a container's. */
  name: string;
  /** By the engine's clock: when its story began. */
  since?: number;
}

/** What a reconciler is in the middle of when it dies. */
interface Story {
  /** Prepared by a reconciler that lives. Answers what is asked for then: the one that dies begins it. */
  prepare: (scene: Scene) => Promise<() => Promise<Container>>;
  /** What the next one must come to. */
  after: (scene: Scene, container: Container) => Promise<void>;
}

const PORT = { name: "web", kind: "http", container_port: 80 } as const;
const ONE_PORT = { ports: [PORT] };

const running = async ({ stage, machine, name }: Scene): Promise<Container> =>
  stage.seeRunning(await stage.create(name, machine, ONE_PORT));

/** Running, with something inside that must not be lost. */
const runningWithData = async (scene: Scene): Promise<Container> => {
  const container = await running(scene);
  const { engine } = scene.machine;
  await runInside(engine, await theOneOf(engine, container), "echo precious > /data");
  return container;
};

const creation: Story = {
  prepare: async (scene) => {
    const { stage, machine, name } = scene;
    scene.since = engineTime();
    return () => stage.create(name, machine, ONE_PORT);
  },
  after: async ({ stage, machine: { engine }, since }, container) => {
    await stage.seeRunning(container);
    await theOneOf(engine, container);
    const done = await actionsSince(engine, since!, container);
    expect(done.filter((action) => MUTATIONS.has(action))).toEqual(["create", "start"]);
  },
};

const pull: Story = {
  prepare: async (scene) => {
    const { stage, machine, name } = scene;
    scene.since = engineTime();
    await stage.api.admin.image.add.mutate({
      name: `public/${name}:latest`,
      reference: `${stage.fleet.registry.address}/${PULL_TEST_IMAGE}`,
    });
    return () => stage.create(name, machine, { image: `public/${name}:latest` });
  },
  after: async (scene, container) => {
    await creation.after(scene, container);
    await scene.stage.deleteContainers([container]);
    await scene.machine.engine.docker("rmi", `${scene.stage.fleet.registry.address}/${PULL_TEST_IMAGE}`);
  },
};

const stop: Story = {
  prepare: async (scene) => {
    const { container_id } = await running(scene);
    return () => scene.stage.api.admin.container.stop.mutate({ container_id });
  },
  after: async ({ stage }, container) => void (await stage.seeStopped(container)),
};

const restart: Story = {
  prepare: async (scene) => {
    const { container_id } = await runningWithData(scene);
    scene.since = engineTime();
    return () => scene.stage.api.admin.container.restart.mutate({ container_id });
  },
  after: async ({ stage, machine: { engine }, since }, container) => {
    await stage.seeRunning(container);
    expect(await runInside(engine, await theOneOf(engine, container), "cat /data")).toBe("precious\n");
    const done = await actionsSince(engine, since!, container);
    expect(done.filter((action) => action === "start" || action === "die")).toEqual(["die", "start"]);
  },
};

const preservingRecreate: Story = {
  prepare: async (scene) => {
    const { container_id } = await runningWithData(scene);
    return () =>
      scene.stage.api.admin.container.update.mutate({ container_id, env: { CHANGED: "yes" }, recreate: "preserve" });
  },
  after: async ({ stage, machine: { engine } }, container) => {
    const { held, image_id } = await stage.seeRunning(container);
    const now = await theOneOf(engine, container);
    expect(await runInside(engine, now, "cat /data; echo $CHANGED")).toBe("precious\nyes\n");
    expect(held).toHaveLength(1);
    expect(await listOf(engine, container)).toHaveLength(2);
    // What was kept is known to be, so that it can be kept again.
    expect(await stage.api.admin.image.get.query({ image_id })).toMatchObject({ phase: "Ready" });
  },
};

const restore: Story = {
  prepare: async (scene) => {
    const { stage } = scene;
    const { container_id } = await runningWithData(scene);
    const update = stage.api.admin.container.update;
    await stage.seeRunning(await update.mutate({ container_id, env: { CHANGED: "yes" }, recreate: "discard" }));
    return () => stage.api.admin.container.restore.mutate({ container_id });
  },
  after: async ({ stage, machine: { engine } }, container) => {
    const { held, conditions } = await stage.seeRunning(container);
    const now = await theOneOf(engine, container);
    expect(await runInside(engine, now, "cat /data; echo -$CHANGED-")).toBe("precious\n--\n");
    expect({ held, conditions }).toMatchObject({ held: [{ generation: 2 }], conditions: [] });
    expect(await listOf(engine, container)).toHaveLength(2);
  },
};

const failingRecreate: Story = {
  prepare: async (scene) => {
    const { container_id } = await runningWithData(scene);
    return () =>
      scene.stage.api.admin.container.update.mutate({ container_id, working_dir: "/bin/busybox", recreate: "discard" });
  },
  after: async ({ stage, machine: { engine } }, container) => {
    const isBack = ({ conditions, status }: Container): boolean =>
      status && conditions.some(({ type }) => type === "RecreateFailed");
    await stage.see(container, "the old container to be back", isBack);
    expect(await runInside(engine, await theOneOf(engine, container), "cat /data")).toBe("precious\n");
  },
};

const removal: Story = {
  prepare: async (scene) => {
    const { container_id } = await running(scene);
    return () => scene.stage.api.admin.container.delete.mutate({ container_id });
  },
  after: async ({ stage, machine }, container) => {
    await stage.seeGone(container);
    expect(await listOf(machine.engine, container)).toEqual([]);
  },
};

const STORIES: [at: string, what: string, story: Story][] = [
  ["after-intent", "a creation", creation],
  ["after-create", "a creation", creation],
  ["after-start", "a creation", creation],
  ["after-status", "a creation", creation],
  ["after-pull", "a pull", pull],
  ["after-stop", "a stop", stop],
  ["after-status", "a stop", stop],
  ["after-stop", "a restart", restart],
  ["after-start", "a restart", restart],
  ["after-status", "a restart", restart],
  ["after-stop", "a recreate that preserves", preservingRecreate],
  ["after-commit", "a recreate that preserves", preservingRecreate],
  ["after-hold", "a recreate that preserves", preservingRecreate],
  ["after-set-aside", "a recreate that preserves", preservingRecreate],
  ["after-create", "a recreate that preserves", preservingRecreate],
  ["after-start", "a recreate that preserves", preservingRecreate],
  ["after-hold", "a restore", restore],
  ["after-set-aside", "a restore", restore],
  ["after-restore", "a restore", restore],
  ["after-start", "a restore", restore],
  ["after-put-back", "a recreate that fails", failingRecreate],
  ["after-stop", "a removal", removal],
  ["after-remove", "a removal", removal],
  ["after-finish", "a removal", removal],
];

// Each generation with a database and an API of its own, so that they run side by side.
describe.concurrent.each(GENERATIONS)("on Docker %s a reconciler that is killed", (generation) => {
  let database: TestDatabase;
  let stage: Stage;
  let machine: StageMachine;
  let foreign: { id: string; was: string };
  let living: ReconcilerProcess | null = null;
  let number = 0;
  beforeAll(async () => {
    database = await createTestDatabase();
    stage = await Stage.set(database.url, { engines: [{ name: nameOn(generation), generation }] });
    machine = stage.machine(nameOn(generation));
    const id = await runForeign(machine.engine);
    foreign = { id, was: await fingerprint(machine.engine, id) };
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      // One that a failed test left would take half of the next one's shards.
      await stage.killReconcilers();
      living = await stage.startReconciler();
    }
    await stage.deleteContainers();
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  test.each(STORIES)("%s in %s: the next one brings it to its end", { concurrent: false }, async (at, _what, story) => {
    const scene: Scene = { stage, machine, name: `${nameOn(generation)}-${(number += 1)}` };
    living ??= await stage.startReconciler();
    const ask = await story.prepare(scene);
    await living.stop();

    const doomed = await stage.startReconciler({ crashAt: at });
    const container = await ask();
    expect(await stage.seeEnd(doomed)).toBe("SIGKILL");

    living = await stage.startReconciler();
    await story.after(scene, container);
    await expectConsistent(stage);
    expect(await fingerprint(machine.engine, foreign.id)).toBe(foreign.was);
  });

  test(
    "after a start, and its container is renamed meanwhile: it is that container still",
    { concurrent: false },
    async () => {
      await living?.stop();
      const doomed = await stage.startReconciler({ crashAt: "after-start" });
      const container = await stage.create("named-at-first", machine);
      expect(await stage.seeEnd(doomed)).toBe("SIGKILL");
      const made = await theOneOf(machine.engine, container);
      await stage.api.admin.container.update.mutate({ container_id: container.container_id, name: "named-anew" });

      living = await stage.startReconciler();
      await stage.seeRunning(container);
      expect((await theOneOf(machine.engine, container)).id).toBe(made.id);
      await expectConsistent(stage);
    },
  );
});
