import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import type { EngineGeneration } from "../fleet/generations.ts";
import { administer } from "../postgres/template.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { ImageScene, PATIENCE_MS } from "./image-scene.ts";
import {
  building,
  buildingOnDyingEngine,
  committing,
  deleting,
  expectUntouched,
  mirroring,
  pulling,
  pushing,
  removeByHand,
  saving,
  savingUnsent,
  type Work,
} from "./image-works.ts";

const TEST_MS = 240_000;

type Victim = "the reconciler" | "dockerd" | "the registry" | "the lease's connection";

/** Shorter than a lease: the reconciler goes on with its machines afterwards, and not as if it were new. */
const LAPSE_MS = 4_000;
type Undone = "cancelled" | "deleted";

interface Programme {
  generation: EngineGeneration;
  live_restore: boolean;
  crashes: [at: string, what: string, work: Work][];
  kills: [victim: Victim, what: string, work: Work][];
  undone: [how: Undone, what: string, at: "Committing" | "Pushing"][];
}

// Each point and each victim on one engine at least; what engines do differently on more of them.
const PROGRAMMES: Programme[] = [
  {
    generation: "20.10",
    live_restore: true,
    crashes: [
      ["after-image-commit", "a save", saving],
      ["after-push", "a save", saving],
      ["after-image-clear", "a save", saving],
      ["after-ready", "a mirror", mirroring],
    ],
    kills: [
      ["dockerd", "a commit", committing],
      ["dockerd", "a push", pushing],
      ["dockerd", "a pull", pulling],
      ["the reconciler", "a build", building],
      ["the registry", "a push", pushing],
    ],
    undone: [["deleted", "a push", "Pushing"]],
  },
  {
    generation: "28.5",
    live_restore: false,
    crashes: [
      ["after-attempt", "a build", building],
      ["after-made", "a build", building],
      ["after-ready", "a build", building],
      ["after-registry-delete", "a deletion", deleting],
      ["after-made", "a mirror", mirroring],
    ],
    kills: [
      ["dockerd", "a commit", committing],
      ["dockerd", "a build", buildingOnDyingEngine],
      ["the reconciler", "a push", pushing],
      ["the registry", "a pull", pulling],
      ["the registry", "a deletion", deleting],
      ["the lease's connection", "a push", pushing],
    ],
    undone: [["cancelled", "a commit", "Committing"]],
  },
  {
    generation: "28.5-containerd",
    live_restore: true,
    crashes: [
      ["after-attempt", "a save", savingUnsent],
      ["after-made", "a save", saving],
      ["after-pull", "a pull", pulling],
    ],
    kills: [
      ["dockerd", "a commit", committing],
      ["the reconciler", "a commit", committing],
      ["the reconciler", "a pull", pulling],
      ["the reconciler", "a deletion", deleting],
      ["the registry", "a push", pushing],
      ["the lease's connection", "a commit", committing],
    ],
    undone: [
      ["deleted", "a commit", "Committing"],
      ["cancelled", "a push", "Pushing"],
    ],
  },
];

const provided = sharedFleet()?.engines.map(({ generation }) => generation) ?? [];
const HERE = PROGRAMMES.filter(({ generation }) => provided.includes(generation));

// Each with a database, an API and a registry of its own, so that they run side by side.
describe.concurrent.each(HERE)("images on Docker $generation", ({ generation, live_restore, ...programme }) => {
  let database: TestDatabase;
  let scene: ImageScene;
  beforeAll(async () => {
    database = await createTestDatabase();
    const name = `images-${generation.replace(".", "-")}`;
    scene = await ImageScene.open(database.url, { name, generation, live_restore });
  });
  afterEach(async () => {
    scene.release();
    await scene.stage.fleet.registry.start();
    await scene.machine.engine.start();
  });
  afterAll(async () => {
    await scene?.close();
    await database?.drop();
  });

  const KILL: Record<Victim, () => Promise<void>> = {
    async "the reconciler"() {
      await scene.die("SIGKILL");
      scene.release();
      await scene.live();
    },
    async dockerd() {
      await scene.machine.engine.kill("SIGKILL");
      scene.release();
      await scene.machine.engine.start();
    },
    async "the registry"() {
      await scene.stage.fleet.registry.kill();
      scene.release();
      await scene.stage.fleet.registry.start();
    },
    async "the lease's connection"() {
      const { admin_url } = inject("postgres");
      const name = new URL(database.url).pathname.slice(1);
      const allow = (isAllowed: boolean) =>
        administer(admin_url, `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${isAllowed}`);
      await allow(false);
      try {
        // Of this database alone: other suites have reconcilers on the same PostgreSQL.
        const theirs = `application_name = 'berth-reconciler-lease' AND datname = '${name}'`;
        const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${theirs}`;
        expect(await administer(admin_url, end)).toBe(1);
        scene.release();
        await delay(LAPSE_MS); // what was under way ends meanwhile
      } finally {
        await allow(true);
      }
    },
  };

  test.each(programme.undone)(
    "one that is %s in the middle of %s leaves nothing behind, and its container runs",
    { concurrent: false, timeout: TEST_MS },
    async (how, _what, at) => {
      await scene.live();
      const container = await scene.runWith(at === "Committing" ? { zeros: 400 } : { noise: 8 });
      const sum = await scene.sumIn(container);
      if (at === "Pushing") scene.wire.hold("requests", 3_000_000);
      const image = await scene.save(container);
      const isUnderWay = async (): Promise<boolean> =>
        at === "Pushing" ? scene.wire.isHolding() : (await scene.stateOf(container)) === "paused";
      await scene.stage.until(`it to be ${at}`, isUnderWay);
      const { name } = await image.see();

      const { cancel, remove } = scene.stage.api.admin.image;
      await (how === "cancelled" ? cancel : remove).mutate(image.ref);
      scene.release();
      if (how === "deleted") await image.isGone(PATIENCE_MS);
      else await image.reaches("Failed", PATIENCE_MS);
      await expectUntouched(scene, container, sum);
      expect(await scene.digestOf(name)).toBeNull();
      await scene.expectNothingLeft(image);
    },
  );

  test(
    "one that is removed by hand while a container is made of it is pulled again",
    { concurrent: false, timeout: TEST_MS },
    async () => {
      await scene.live();
      const origin = await scene.runWith();
      const sum = await scene.sumIn(origin);
      const image = await scene.save(origin);
      const { reference, digest } = await image.reaches("Ready", PATIENCE_MS);
      const pulled = `${reference.replace(/:[^:]*$/, "")}@${digest}`;
      for (let wasInTime = false; !wasInTime;) {
        await removeByHand(scene, image);
        const container = await scene.create(image);
        wasInTime = await scene.removeAsSoonAsPulled(pulled);
        await scene.stage.seeRunning(container, PATIENCE_MS);
        expect(await scene.sumIn(container)).toBe(sum);
        // Berth may have been the faster one: what its container holds can't be removed again.
        await scene.stage.deleteContainers([container]);
      }
      await scene.expectNothingLeft(image);
    },
  );

  test.each(programme.kills)(
    "%s is killed in the middle of %s, which comes to its end all the same",
    { concurrent: false, timeout: TEST_MS },
    async (victim, _what, work) => {
      await scene.live();
      const { begin, isUnderWay, end } = await work(scene);
      await begin();
      await scene.stage.until("it to be under way", isUnderWay);
      await delay(Math.random() * 300); // any moment of it is as good
      await KILL[victim]();
      await end();
    },
  );

  test.each(programme.crashes)(
    "the reconciler dies %s of %s: the next one brings it to its end",
    { concurrent: false, timeout: TEST_MS },
    async (at, _what, work) => {
      await scene.live();
      const { begin, end } = await work(scene);
      await scene.die("SIGTERM");
      const doomed = await scene.stage.startReconciler({ crashAt: at });
      await begin();
      scene.release();
      expect(await scene.stage.seeEnd(doomed)).toBe("SIGKILL");
      await scene.live();
      await end();
    },
  );
});
