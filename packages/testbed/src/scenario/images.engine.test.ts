import { beforeAll, expect, test } from "vitest";
import { describeOnEngines } from "./on-engines.ts";
import { recordRegistry } from "./record-registry.ts";
import { WatchedImage } from "./watched-image.ts";

describeOnEngines(["real"], (scene) => {
  beforeAll(() => recordRegistry(scene().berth, scene().engine.registry));

  test("what was written in a container is there in one that is started from its saved image", async () => {
    const container = await scene().run({ env: { SECRET: "s3cret" } });
    await container.shell("echo precious > /kept");
    const saved = await container.owner.container.save.mutate({
      ...container.ref,
      name: `work:${container.container_id}`,
    });
    expect(saved).toMatchObject({ source: "commit", public: false, baked_env: ["SECRET"], not_saved: [] });
    const image = new WatchedImage(container.owner, saved);
    const ready = await image.reaches("Ready");
    expect(ready.digest).toMatch(/^sha256:/);
    const next = await scene().run({ image_id: image.image_id });
    expect(await next.shell("cat /kept; echo $SECRET")).toBe("precious\ns3cret");
  });
});
