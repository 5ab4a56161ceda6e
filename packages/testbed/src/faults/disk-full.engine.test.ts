import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { createTestDatabase } from "../postgres/test-database.ts";
import { theOneOf } from "./on-engine.ts";
import { Stage } from "./stage.ts";

const DISK_MIB = 200;
/** Three of them fit, and a fourth beside two: a pull needs the packed layer and the unpacked one. */
const CONTENT_MIB = 40;

const hasEngine = sharedFleet()?.engines.some(({ generation }) => generation === "20.10") ?? false;

describe.skipIf(!hasEngine)("a machine whose disk fills up", () => {
  let stage: Stage;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = database.drop;
    stage = await Stage.set(database.url, {
      engines: [
        { name: "roomy", generation: "20.10" },
        { name: "small", generation: "20.10", disk_mib: DISK_MIB },
      ],
    });
    const { address } = stage.fleet.registry;
    const record = { kind: "external", state: "running", address, url: `http://${address}`, ca: null, message: "" };
    await stage.pool.query("INSERT INTO settings (key, value) VALUES ('registry', $1::jsonb)", [
      JSON.stringify(record),
    ]);
    await stage.startReconciler();
  });
  afterAll(async () => {
    await stage.strike();
    await drop();
  });

  /** An image of random content, made on the machine that has room for it. */
  async function makeImage(name: string, mib = CONTENT_MIB): Promise<number> {
    const { admin } = stage.api;
    const roomy = stage.machine("roomy");
    const maker = await stage.create(`maker-${name}`, roomy);
    await stage.seeRunning(maker);
    const [id = ""] = (await roomy.engine.docker("ps", "-q", "--filter", `label=berth.uid=${maker.uid}`)).split("\n");
    await roomy.engine.docker("exec", id, "dd", "if=/dev/urandom", "of=/content", "bs=1M", `count=${mib}`);
    const { image_id } = await admin.container.save.mutate({ container_id: maker.container_id, name: `${name}:1` });
    await stage.until(
      `image ${name}`,
      async () => (await admin.image.get.query({ image_id })).phase === "Ready",
      60_000,
    );
    return image_id;
  }

  const placesOf = async (imageId: number): Promise<string[]> =>
    (await stage.api.admin.image.get.query({ image_id: imageId })).machines
      .filter(({ machine_id, state }) => machine_id === stage.machine("small").machine_id && state === "present")
      .map(({ state }) => state);

  test("gives up images that nothing uses, oldest first, and nothing else", { timeout: 300_000 }, async () => {
    const small = stage.machine("small");
    const imageIds: number[] = [];
    for (const name of ["first", "second", "third", "fourth"]) imageIds.push(await makeImage(name));
    const [first = 0, second = 0, third = 0, fourth = 0] = imageIds;

    // All three fit; the first is used by a container, the others by none any more.
    const kept = await stage.create("kept", small, { image_id: first });
    await stage.seeRunning(kept);
    for (const image_id of [second, third]) {
      const gone = await stage.create("gone", small, { image_id });
      await stage.seeRunning(gone);
      await stage.deleteContainers([gone]);
      expect(await placesOf(image_id)).toEqual(["present"]);
    }
    // As if they had been used long ago, and in another order than they came: the one that is in use longest ago of all.
    for (const [image_id, hours] of [
      [first, 3],
      [third, 2],
      [second, 1],
    ]) {
      await stage.pool.query(
        "UPDATE machine_images SET last_used_at = now() - $2 * interval '1 hour' WHERE image_id = $1",
        [image_id, hours],
      );
    }
    await stage.killReconcilers();
    await stage.startReconciler();
    await stage.seeRunning(kept);
    const before = await theOneOf(small.engine, kept);

    // The fourth does not fit beside all three.
    const last = await stage.create("last", small, { image_id: fourth });
    await stage.see(
      last,
      "the container to run, in the room that the third image left",
      ({ phase }) => phase === "Running",
      120_000,
    );
    expect(await placesOf(third)).toEqual([]);
    expect(await placesOf(second)).toEqual(["present"]);
    expect(await placesOf(first)).toEqual(["present"]);
    await stage.seeRunning(kept);
    expect(await theOneOf(small.engine, kept)).toEqual(before);
    // From here on each of them is used.
    await stage.seeRunning(await stage.create("kept-too", small, { image_id: second }));
    const events = await stage.pool.query(
      "SELECT 1 FROM object_events WHERE noun = 'machine' AND reason = 'DiskPressure'",
    );
    expect(events.rowCount).toBeGreaterThan(0);
  });

  test(
    "tells that it is full where nothing can be given up, loses nothing, and goes on when there is room",
    { timeout: 240_000 },
    async () => {
      const { admin } = stage.api;
      const small = stage.machine("small");
      const fifth = await makeImage("fifth", 10);
      const { items } = await admin.container.list.query({});
      const kept = items.filter(({ machine_id }) => machine_id === small.machine_id);
      expect(kept.map(({ name }) => name).sort()).toEqual(["kept", "kept-too", "last"]);
      const look = () => Promise.all(kept.map((container) => theOneOf(small.engine, container)));
      const before = await look();
      const filler = await small.engine.docker(
        "run",
        "-d",
        "--label",
        "by=hand",
        "berth-test/busybox:latest",
        "sleep",
        "100000",
      );
      await small.engine.docker(
        "exec",
        filler.trim(),
        "sh",
        "-c",
        `dd if=/dev/urandom of=/filler bs=1M count=${DISK_MIB} 2>/dev/null || true`,
      );
      const waiting = await stage.create("waiting", small, { image_id: fifth });
      const conditionOf = async () => {
        const { conditions } = await admin.machine.get.query({ machine_id: small.machine_id });
        return conditions.some(({ type }) => type === "DiskPressure");
      };
      await stage.until("the full disk to be told", conditionOf, 60_000);
      await small.engine.docker("rm", "--force", filler.trim());
      await stage.see(waiting, "the container to run", ({ phase }) => phase === "Running", 120_000);
      await stage.until("the pressure to be over", async () => !(await conditionOf()), 30_000);
      for (const container of kept) await stage.seeRunning(container);
      expect(await look()).toEqual(before);
    },
  );
});
