import type { Container } from "@berth/spec/container.ts";
import { expect } from "vitest";
import { PULL_TEST_IMAGE } from "../fleet/test-image.ts";
import type { WatchedImage } from "../scenario/watched-image.ts";
import { type ImageScene, PATIENCE_MS } from "./image-scene.ts";

/** What is done for images, and may be cut off in its middle. Prepared while all live. */
export type Work = (scene: ImageScene) => Promise<{
  begin: () => Promise<unknown>;
  /** True while it is under way, and can be cut. */
  isUnderWay: () => boolean | Promise<boolean>;
  /** What must have become of it once all live again. */
  end: () => Promise<void>;
}>;

/** Longer than a layer of busybox, shorter than one of {@link NOISE_MB}. */
const HELD_BYTES = 3_000_000;
const NOISE_MB = 8;

interface SaveOptions {
  content?: { zeros?: number; noise?: number };
  /** How many commits it takes; null where nobody can tell. */
  attempts?: number | null;
}

/** Ends with an image that has what was in the container, which runs on. */
const save = async (scene: ImageScene, { content, attempts = 1 }: SaveOptions) => {
  const container = await scene.runWith(content);
  const sum = await scene.sumIn(container);
  let image: WatchedImage | undefined;
  return {
    container,
    begin: async () => (image = await scene.save(container)),
    end: async () => {
      if (!image) throw new Error("it was not begun");
      await expectWhole(scene, image, sum);
      if (attempts !== null) expect(await scene.attemptsOf(image)).toBe(attempts);
      await expectUntouched(scene, container, sum);
      await scene.expectNothingLeft(image);
    },
    name: async () => (await image?.see())?.name ?? "",
  };
};

/** Ready, on the registry by its digest, and a container starts from it with `sum` in it. */
async function expectWhole(scene: ImageScene, image: WatchedImage, sum: string): Promise<void> {
  const { digest, name } = await image.reaches("Ready", PATIENCE_MS);
  expect(digest).not.toBeNull();
  expect(await scene.digestOf(name)).toBe(digest);
  const started = await scene.create(image);
  await scene.stage.seeRunning(started, PATIENCE_MS);
  expect(await scene.sumIn(started)).toBe(sum);
}

export async function expectUntouched(scene: ImageScene, container: Container, sum: string): Promise<void> {
  await scene.stage.seeRunning(container);
  expect(await scene.stateOf(container)).toBe("running");
  expect(await scene.sumIn(container)).toBe(sum);
}

export const saving: Work = async (scene) => ({ ...(await save(scene, {})), isUnderWay: () => true });

/** Its commit was numbered, and never sent. */
export const savingUnsent: Work = async (scene) => ({
  ...(await save(scene, { attempts: 2 })),
  isUnderWay: () => true,
});

const UNPAUSED_WITHIN_MS = 60_000;

/** Of so much that it takes the engine seconds, in which the container is paused. */
export const committing: Work = async (scene) => {
  const { container, end, begin } = await save(scene, { content: { zeros: 400 }, attempts: null });
  return {
    begin,
    isUnderWay: async () => (await scene.stateOf(container)) === "paused",
    end: async () => {
      const isUp = async (): Promise<boolean> => (await scene.stateOf(container)) === "running";
      await scene.stage.until("its container to run again", isUp, UNPAUSED_WITHIN_MS);
      await end();
    },
  };
};

/** Between two layers: the registry has the first, and half of the second is on the wire. */
export const pushing: Work = async (scene) => {
  const { begin, end, name } = await save(scene, { content: { noise: NOISE_MB } });
  return {
    begin: () => {
      scene.wire.hold("requests", HELD_BYTES);
      return begin();
    },
    isUnderWay: async () => scene.wire.isHolding() && scene.layersOnDisk(await name()) > 0,
    end,
  };
};

const BUILT = "79db3a3d3d45c0349ae35997d8f2f400  /kept\n";

/** In its one step, which runs for some seconds. */
export const building: Work = async (scene) => {
  let image: WatchedImage | undefined;
  return {
    begin: async () => (image = await scene.build(3)),
    isUnderWay: async () => (await listSteps(scene)).length > 0,
    end: async () => {
      if (!image) throw new Error("it was not begun");
      await expectWhole(scene, image, BUILT);
      await scene.expectNothingLeft(image);
    },
  };
};

/** Where dockerd dies it forgets the container of the step, which looks like anybody's: a person removes it. */
export const buildingOnDyingEngine: Work = async (scene) => {
  const { end, ...work } = await building(scene);
  let left: string[] = [];
  return {
    ...work,
    isUnderWay: async () => (left = await listSteps(scene)).length > 0,
    end: async () => {
      await scene.machine.engine.docker("rm", "--force", ...left);
      await end();
    },
  };
};

/** Ids of containers in which a step of {@link building} runs. */
async function listSteps({ machine: { engine } }: ImageScene): Promise<string[]> {
  const containers = await engine.docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}");
  return containers.split("\n").flatMap((line) => (line.includes("echo built") ? [line.split(" ")[0] ?? ""] : []));
}

export const mirroring: Work = async (scene) => {
  const { machine_id } = scene.machine;
  const from = `${scene.stage.fleet.registry.address}/${PULL_TEST_IMAGE}`;
  let image: WatchedImage | undefined;
  return {
    begin: async () => {
      const name = `public/${scene.newName()}:1`;
      image = scene.watch(await scene.stage.api.admin.image.mirror.mutate({ from, name, machine_id }));
    },
    isUnderWay: () => true,
    end: async () => {
      if (!image) throw new Error("it was not begun");
      const { name, digest } = await image.reaches("Ready", PATIENCE_MS);
      expect(await scene.digestOf(name)).toBe(digest);
      await scene.expectNothingLeft(image);
    },
  };
};

/** Of an image that was on the machine, and was removed by hand. */
export const pulling: Work = async (scene) => {
  const origin = await scene.runWith({ noise: NOISE_MB });
  const sum = await scene.sumIn(origin);
  const image = await scene.save(origin);
  await image.reaches("Ready", PATIENCE_MS);
  await removeByHand(scene, image);
  let container: Container | undefined;
  return {
    begin: async () => {
      scene.wire.hold("answers", HELD_BYTES);
      container = await scene.create(image);
    },
    isUnderWay: () => scene.wire.isHolding(),
    end: async () => {
      if (!container) throw new Error("it was not begun");
      await scene.stage.seeRunning(container, PATIENCE_MS);
      expect(await scene.sumIn(container)).toBe(sum);
      await scene.expectNothingLeft(image);
    },
  };
};

/** All its names on the machine. */
export async function removeByHand(scene: ImageScene, image: WatchedImage): Promise<void> {
  const { engine } = scene.machine;
  const { reference } = await image.see();
  // Its maker still clears away what it made it by.
  await scene.expectNothingLeft(image);
  const id = await engine.docker("images", "--quiet", "--no-trunc", reference);
  await engine.docker("rmi", "--force", id.trim());
  expect(await engine.docker("images", "--all", "--quiet", "--no-trunc")).not.toContain(id.trim());
}

/** The registry has deleted it, and its answer is on the wire. */
export const deleting: Work = async (scene) => {
  const container = await scene.runWith();
  const image = await scene.save(container);
  const { name, digest } = await image.reaches("Ready", PATIENCE_MS);
  return {
    begin: () => {
      scene.back.hold("answers", "HTTP/1.1 202");
      return scene.stage.api.admin.image.remove.mutate(image.ref);
    },
    isUnderWay: () => scene.back.isHolding(),
    end: async () => {
      await image.isGone(PATIENCE_MS);
      expect(await scene.digestOf(name)).toBeNull();
      expect(await scene.digestOf(`${name.split(":")[0]}:${digest}`)).toBeNull();
      const { engine } = scene.machine;
      const repository = `*/${name.split(":")[0]}`;
      await expect.poll(() => engine.docker("images", "--quiet", repository), { timeout: PATIENCE_MS }).toBe("");
      await scene.expectNothingLeft(image);
    },
  };
};
