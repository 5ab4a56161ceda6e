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
  /** True where the commit itself may be cut. */
  isOnce?: boolean;
}

/** Ends with an image that has what was in the container, which runs on. */
const save = async (scene: ImageScene, { content, isOnce = true }: SaveOptions) => {
  const container = await scene.runWith(content);
  const sum = await scene.sumIn(container);
  let image: WatchedImage | undefined;
  return {
    container,
    begin: async () => (image = await scene.save(container)),
    end: async () => {
      if (!image) throw new Error("it was not begun");
      await scene.expectWhole(image, sum);
      if (isOnce) expect(await scene.attemptsOf(image)).toBe(1);
      await expectUntouched(scene, container, sum);
      await scene.expectNothingLeft(image);
    },
    name: async () => (await image?.see())?.name ?? "",
  };
};

export async function expectUntouched(scene: ImageScene, container: Container, sum: string): Promise<void> {
  await scene.stage.seeRunning(container);
  expect(await scene.stateOf(container)).toBe("running");
  expect(await scene.sumIn(container)).toBe(sum);
}

export const saving: Work = async (scene) => ({ ...(await save(scene, {})), isUnderWay: () => true });

/** Held by the engine for some seconds, in which it is paused. */
export const committing: Work = async (scene) => {
  const { container, ...work } = await save(scene, { content: { zeros: 400 }, isOnce: false });
  return { ...work, isUnderWay: async () => (await scene.stateOf(container)) === "paused" };
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

export const building: Work = async (scene) => {
  let image: WatchedImage | undefined;
  return {
    begin: async () => (image = await scene.build(3)),
    isUnderWay: async () => {
      const commands = await scene.machine.engine.docker("ps", "--no-trunc", "--format", "{{.Command}}");
      return commands.includes("echo built");
    },
    end: async () => {
      if (!image) throw new Error("it was not begun");
      await scene.expectWhole(image, BUILT);
      await scene.expectNothingLeft(image);
    },
  };
};

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
      const { image_id } = image;
      container = await scene.stage.create(scene.newName(), scene.machine, { image_id });
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
