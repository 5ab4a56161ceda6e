import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { describeOnEngines } from "./on-engines.ts";

describeOnEngines(["real", "simulated"], (scene) => {
  test("hides and keeps a container from everyone but its owner and admins", async () => {
    const { server } = scene().berth;
    const suffix = randomBytes(3).toString("hex");
    const [owner, stranger] = [await server.registerUser(`li-${suffix}`), await server.registerUser(`wu-${suffix}`)];
    const container = await scene().run({ name: "work" }, owner);
    const { ref } = container;
    const before = await container.see();
    const onEngine = await scene().engine.docker("container", "inspect", (await container.onEngine()).id);

    const { container: verbs } = stranger;
    const attempts = {
      get: () => verbs.get.query(ref),
      events: () => verbs.events.query(ref),
      update: () => verbs.update.mutate({ ...ref, memory: 64 }),
      rename: () => verbs.update.mutate({ ...ref, name: "mine" }),
      change: () => verbs.update.mutate({ ...ref, env: { A: "1" }, recreate: "discard" }),
      start: () => verbs.start.mutate(ref),
      stop: () => verbs.stop.mutate(ref),
      preserve: () => verbs.recreate.mutate({ ...ref, recreate: "preserve" }),
      discard: () => verbs.recreate.mutate({ ...ref, recreate: "discard" }),
      delete: () => verbs.delete.mutate(ref),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      // As if it were not there, so that nobody learns what others have.
      await expect(attempt(), name).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    expect((await verbs.list.query({})).items).toEqual([]);
    await expect(verbs.list.query({ scope: "all" })).rejects.toMatchObject({ code: "FORBIDDEN" });
    // Names are each account's own.
    expect(await (await scene().create({ name: "work", desired: "stopped" }, stranger)).see()).toMatchObject({
      name: "work",
    });

    expect(await container.see()).toEqual(before);
    expect(await scene().engine.docker("container", "inspect", (await container.onEngine()).id)).toBe(onEngine);

    const { admin } = scene().berth;
    expect(await admin.container.get.query(ref)).toEqual(before);
    await admin.container.stop.mutate(ref);
    expect(await container.reaches("Stopped")).toMatchObject({ account: `li-${suffix}` });
    await admin.container.delete.mutate(ref);
    await container.isGone();
  });
});
