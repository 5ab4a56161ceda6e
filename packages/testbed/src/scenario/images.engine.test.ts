import { randomBytes } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { BerthClient } from "@berth/api/client.ts";
import { digestOnRegistry } from "../registry/digest-on-registry.ts";
import { describeOnEngines } from "./on-engines.ts";
import { recordRegistry } from "./record-registry.ts";
import type { Scene } from "./scene.ts";
import type { WatchedContainer } from "./watched-container.ts";
import { WatchedImage } from "./watched-image.ts";

const newName = (): string => `i-${randomBytes(4).toString("hex")}:1`;

async function save(container: WatchedContainer, name = newName()): Promise<WatchedImage> {
  const saved = await container.owner.container.save.mutate({ ...container.ref, name });
  return new WatchedImage(container.owner, saved);
}

async function remove(container: WatchedContainer): Promise<void> {
  await container.owner.container.delete.mutate(container.ref);
  await container.isGone();
}

/** Of this engine, whatever bears the name: tags and digests. */
const namesOnEngine = async ({ engine }: Scene, part: string): Promise<string[]> => {
  const listed = await engine.docker(
    "images",
    "--all",
    "--digests",
    "--format",
    "{{.Repository}}:{{.Tag}}@{{.Digest}}",
  );
  return listed.split("\n").filter((line) => line.includes(part));
};

describeOnEngines(["real"], (scene, scenes) => {
  let admin: BerthClient;
  beforeAll(async () => {
    admin = scene().berth.admin;
    await recordRegistry(scene().berth, { address: scene().engine.registry });
  });

  test("what was written in a container is there in one that is started from its image on another machine", async () => {
    const container = await scene().run({ env: { SECRET: "s3cret" } });
    await container.shell("echo precious > /kept");
    const image = await save(container);
    const ready = await image.reaches("Ready");
    expect(ready).toMatchObject({ source: "commit", public: false, baked_env: ["SECRET"], not_saved: [] });
    expect(ready.digest).toBe(await digestOnRegistry(scene().engine.registry, ready.name));
    expect(ready.size).toBeGreaterThan(0);
    expect(await container.see()).toMatchObject({ phase: "Running", status: true });

    for (const other of scenes()) {
      const copy = await other.run({ image_id: image.image_id });
      expect(await copy.shell("cat /kept; echo $SECRET")).toBe("precious\ns3cret");
      // Nothing of the container that it was follows it.
      expect(
        await other.engine.docker(
          "image",
          "inspect",
          "--format",
          "{{json .Config.Labels}}",
          `${ready.reference.replace(/:[^:]*$/, "")}@${ready.digest}`,
        ),
      ).not.toContain(container.uid);
      await remove(copy);
    }
    await remove(container);
    await admin.image.remove.mutate(image.ref);
    await image.isGone();
    expect(await digestOnRegistry(scene().engine.registry, ready.name)).toBeNull();
    const [repository = ""] = ready.name.split(":");
    for (const other of scenes())
      await expect.poll(() => namesOnEngine(other, repository), { timeout: 30_000 }).toEqual([]);
    const installation = (await scene().berth.readInstallation()).slice(0, 8);
    expect(await namesOnEngine(scene(), `berth.invalid/${installation}/`)).toEqual([]);
  });

  test("an image that is saved on top of another is deleted before it, never after", async () => {
    const container = await scene().run();
    await container.shell("echo one > /one");
    const lower = await save(container);
    await lower.reaches("Ready");
    const next = await scene().run({ image_id: lower.image_id });
    await next.shell("echo two > /two");
    await next.owner.container.stop.mutate(next.ref);
    await next.reaches("Stopped");
    const upper = await save(next);
    const { name: upperName } = await upper.reaches("Ready");
    const { layers } = await upper.see();
    // Its own layer alone is new.
    expect(layers.map(({ shared }) => shared)).toEqual([...layers.slice(1).map(() => true), false]);
    const both = await scene().run({ image_id: upper.image_id });
    expect(await both.shell("cat /one /two")).toBe("one\ntwo");

    await expect(admin.image.remove.mutate(lower.ref)).rejects.toThrow(upperName);
    for (const used of [next, both]) await remove(used);
    await admin.image.remove.mutate(upper.ref);
    await admin.image.remove.mutate(lower.ref);
    await upper.isGone();
    await lower.isGone();
    await remove(container);
  });

  test("a public image is mirrored, published under a second name, and each name goes by itself", async () => {
    const { machine_id } = scene();
    await admin.machine.update.mutate({ machine_id, is_builder: true });
    const from = await scene().publish(`elsewhere/${randomBytes(4).toString("hex")}`);
    const mirrored = new WatchedImage(
      admin,
      await admin.image.mirror.mutate({ from, name: `public/${newName()}`, machine_id }),
    );
    const { digest, name } = await mirrored.reaches("Ready");
    expect(await digestOnRegistry(scene().engine.registry, name)).toBe(digest);
    const [repository = ""] = name.split(":");
    const second = new WatchedImage(
      admin,
      await admin.image.publish.mutate({ ...mirrored.ref, name: `${repository}:2` }),
    );
    // Two tags of one repository with one digest: 2.8 can delete neither by itself.
    expect(await second.reaches("Ready")).toMatchObject({ digest });
    await admin.image.remove.mutate(mirrored.ref);
    await mirrored.isGone();
    expect(await digestOnRegistry(scene().engine.registry, name)).toBeNull();
    expect(await digestOnRegistry(scene().engine.registry, `${repository}:2`)).toBe(digest);
    const container = await scene().run({ image_id: second.image_id });
    await remove(container);
    await admin.image.remove.mutate(second.ref);
    await second.isGone();
    expect(await digestOnRegistry(scene().engine.registry, `${repository}:2`)).toBeNull();
  });

  test("a tag that is overwritten by hand is told, and changes no container", async () => {
    const { engine, berth } = scene();
    const container = await scene().run();
    const image = await save(container);
    const { digest, reference, name } = await image.reaches("Ready");
    await container.shell("echo changed > /changed");
    const other = await save(container);
    const { reference: otherReference } = await other.reaches("Ready");
    await engine.docker("tag", otherReference, reference);
    await engine.docker("push", "--quiet", reference);
    expect(await digestOnRegistry(engine.registry, name)).not.toBe(digest);
    await berth.query("SELECT mark_dirty('image', $1::text, generation) FROM images WHERE image_id = $1::int", [
      image.image_id,
    ]);
    await image.until("the drift to be told", ({ conditions }) =>
      conditions.some(({ type }) => type === "DigestDrift"),
    );
    expect(await image.see()).toMatchObject({ phase: "Ready", digest });
    for (const one of scenes()) {
      const copy = await one.run({ image_id: image.image_id });
      expect(await copy.shell("ls / | grep -c changed || true")).toBe("0");
      await remove(copy);
    }
    await remove(container);
    for (const one of [image, other]) {
      await admin.image.remove.mutate(one.ref);
      await one.isGone();
    }
  });
});
