import { randomUUID } from "node:crypto";
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beginPush, endPush } from "@berth/db/registry/push-fence.ts";
import { readCollection, readRegistry } from "@berth/db/registry/record.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { REGISTRY_BINARY } from "@berth/testbed/registry/own-registry.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, describe, expect, test } from "vitest";
import {
  askToCollect,
  callRegistry,
  isPullable,
  listProcesses,
  makePlace,
  type Place,
  pushImage,
  startKeeper,
  waitForCollection,
  waitForState,
} from "./testing/keeper.fixture.ts";

const MIB = 1024 * 1024;
const database = useTestDatabase();
let place: Place;

beforeEach(async () => {
  place = await makePlace(database);
  for (const table of ["settings", "operations", "reconcilers"]) await database.sql(`DELETE FROM ${table}`);
});

async function reconciler(): Promise<string> {
  const holder = randomUUID();
  await database.sql(
    `INSERT INTO reconcilers (holder, expires_at, backend_pid, backend_start)
     VALUES ($1, clock_timestamp() + interval '1 hour', 1, now())`,
    [holder],
  );
  return holder;
}

async function kill(pids: number[]): Promise<void> {
  expect(pids).toHaveLength(1);
  process.kill(pids[0]!, "SIGKILL");
}

/** A registry whose garbage collection writes `began` and then never ends. */
async function makeEndlessCollection(): Promise<{ path: string; began: string }> {
  const folder = join(place.dataDir, "bin");
  const began = join(place.dataDir, "began");
  await mkdir(folder);
  const script = `#!/bin/sh
if [ "$1" = garbage-collect ]; then touch ${began}; while :; do :; done; fi
exec ${REGISTRY_BINARY} "$@"\n`;
  await writeFile(join(folder, "docker-registry"), script);
  await chmod(join(folder, "docker-registry"), 0o755);
  return { path: `${folder}:${process.env["PATH"]}`, began };
}

describe.skipIf(REGISTRY_BINARY === null)("the keeper of a registry", () => {
  test("starts a registry that takes this installation's tokens and nobody else, and records it", async () => {
    const keeper = startKeeper(place);
    expect(await waitForState(place, "running")).toEqual({
      kind: "process",
      state: "running",
      address: place.address,
      url: `http://${place.address}`,
      ca: null,
      message: "",
    });
    const refused = await fetch(`http://${place.address}/v2/`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain(
      'realm="http://127.0.0.1:3000/registry/token",service="berth"',
    );
    expect(await isPullable(place, "alice/work", await pushImage(place, "alice/work", "1", 1_000))).toBe(true);
    expect((await stat(join(place.dataDir, "registry/config.json"))).mode & 0o077).toBe(0);
    keeper.process.kill("SIGTERM");
    expect(await keeper.exit).toBe(0);
    expect(await listProcesses(place)).toEqual([]);
    expect(await readRegistry(place.sql)).toMatchObject({ state: "starting" });
  });

  test("brings a registry back that was killed, with all that it held", async () => {
    const keeper = startKeeper(place);
    await waitForState(place, "running");
    const image = await pushImage(place, "alice/work", "1", 1_000);
    const before = await listProcesses(place);
    await kill(before);
    await waitForState(place, "starting");
    await waitForState(place, "running");
    expect(await listProcesses(place)).not.toEqual(before);
    expect(await isPullable(place, "alice/work", image)).toBe(true);
    expect(keeper.output()).toContain("the registry ended by SIGKILL: starting it again");
  });

  test("leaves no registry behind when it is killed, or ends it at the next start", async () => {
    const keeper = startKeeper(place);
    await waitForState(place, "running");
    keeper.process.kill("SIGKILL");
    await keeper.exit;
    expect(await readRegistry(place.sql)).toMatchObject({ state: "running" }); // as it was
    const next = startKeeper(place);
    await waitUntil("the registry to run again", 20_000, () => next.output().includes("the registry runs"));
    expect(await listProcesses(place)).toHaveLength(1);
    await pushImage(place, "alice/work", "1", 1_000);
  });

  test("frees what no manifest names any more, and keeps all else", async () => {
    startKeeper(place);
    await waitForState(place, "running");
    const [kept, other, gone] = [
      await pushImage(place, "alice/work", "kept", MIB),
      await pushImage(place, "bob/work", "other", MIB),
      await pushImage(place, "alice/work", "gone", 4 * MIB),
    ];
    const deleted = await callRegistry(place, "alice/work", "DELETE", `manifests/${gone.digest}`);
    expect(deleted.status).toBe(202);
    const collection = await waitForCollection(place, () => askToCollect(place));
    expect(collection.failure).toBeNull();
    expect(collection.before_bytes - collection.after_bytes).toBeGreaterThanOrEqual(4 * MIB);
    expect(collection.after_bytes).toBeGreaterThanOrEqual(2 * MIB);
    await waitForState(place, "running");
    expect(await isPullable(place, "alice/work", kept)).toBe(true);
    expect(await isPullable(place, "bob/work", other)).toBe(true);
    expect(await isPullable(place, "alice/work", gone)).toBe(false);
    // The same layer comes again: nothing remembers that it was there.
    expect(await isPullable(place, "alice/work", await pushImage(place, "alice/work", "gone", 4 * MIB))).toBe(true);
  });

  test("collects from a registry to which nothing was ever pushed", async () => {
    startKeeper(place);
    await waitForState(place, "running");
    expect(await waitForCollection(place, () => askToCollect(place))).toMatchObject({ failure: null });
    await waitForState(place, "running");
  });

  test("waits for a push that goes on, and lets none begin", async () => {
    startKeeper(place);
    await waitForState(place, "running");
    const holder = await reconciler();
    const push = await beginPush(place.sql, { image_id: 1, holder });
    await askToCollect(place);
    await waitForState(place, "collecting");
    expect(await beginPush(place.sql, { image_id: 2, holder })).toBeNull();
    const image = await pushImage(place, "alice/work", "1", MIB); // the registry still takes it
    expect(await readCollection(place.sql)).toBeNull();
    const collection = await waitForCollection(place, () => endPush(place.sql, push!));
    expect(collection.failure).toBeNull();
    await waitForState(place, "running");
    expect(await isPullable(place, "alice/work", image)).toBe(true);
    expect(await beginPush(place.sql, { image_id: 2, holder })).not.toBeNull();
  });

  test("a keeper that was killed while its window was open leaves none: the next one opens the registry again", async () => {
    const keeper = startKeeper(place);
    await waitForState(place, "running");
    const holder = await reconciler();
    await beginPush(place.sql, { image_id: 1, holder });
    await askToCollect(place);
    await waitForState(place, "collecting");
    keeper.process.kill("SIGKILL");
    await keeper.exit;
    expect(await readRegistry(place.sql)).toMatchObject({ state: "collecting" });
    startKeeper(place);
    await waitForState(place, "running");
    await pushImage(place, "alice/work", "1", 1_000);
  });

  test.each(["the keeper", "garbage-collect", "the read-only registry"])(
    "kill -9 of %s in the middle of a collection heals",
    async (victim) => {
      const { path, began } = await makeEndlessCollection();
      const keeper = startKeeper(place, { PATH: path });
      await waitForState(place, "running");
      const image = await pushImage(place, "alice/work", "1", MIB);
      await askToCollect(place);
      await waitUntil("the collection to begin", 20_000, () => existsSync(began));
      await waitUntil("a registry that takes nothing", 10_000, async () => {
        const begun = await callRegistry(place, "alice/work", "POST", "blobs/uploads/").catch(() => null);
        return begun?.status === 405; // null: it does not listen yet
      });
      expect(await isPullable(place, "alice/work", image)).toBe(true);
      if (victim === "the keeper") {
        keeper.process.kill("SIGKILL");
        await keeper.exit;
        startKeeper(place);
      } else {
        if (victim === "the read-only registry") await kill(await listProcesses(place));
        await kill(await listProcesses(place, "garbage-collect"));
        await waitUntil("the failure to be told", 10_000, async () => {
          return (await readCollection(place.sql))?.failure?.includes("SIGKILL") ?? false;
        });
      }
      await waitForState(place, "running");
      expect(await listProcesses(place, "garbage-collect")).toEqual([]);
      expect(await listProcesses(place)).toHaveLength(1);
      expect(await isPullable(place, "alice/work", image)).toBe(true);
      await pushImage(place, "alice/work", "2", 1_000);
    },
  );

  test("is stopped in the middle of a collection, and leaves nothing running", async () => {
    const { path, began } = await makeEndlessCollection();
    const keeper = startKeeper(place, { PATH: path });
    await waitForState(place, "running");
    await pushImage(place, "alice/work", "1", MIB);
    await askToCollect(place);
    await waitUntil("the collection to begin", 20_000, () => existsSync(began));
    keeper.process.kill("SIGTERM");
    expect(await keeper.exit).toBe(0);
    for (const command of ["serve", "garbage-collect"]) expect(await listProcesses(place, command)).toEqual([]);
    expect(await readRegistry(place.sql)).toMatchObject({ state: "starting" });
  });

  test("is the only one of its database", async () => {
    startKeeper(place);
    await waitForState(place, "running");
    const second = startKeeper(await makePlace(database));
    expect(await second.exit).toBe(1);
    expect(second.output()).toBe(
      "berth registry: another process keeps the registry of this database already (npm start has one)\n",
    );
  });

  test("ends when its parent has gone, and takes the registry along", async () => {
    const keeper = startKeeper(place, { BERTH_SUPERVISED: "1" });
    await waitForState(place, "running");
    keeper.process.stdin?.end();
    await keeper.exit;
    expect(keeper.output()).toContain("the parent has gone");
    expect(await listProcesses(place)).toEqual([]);
  });

  test("says which port is taken, and by which variable to choose another", async () => {
    startKeeper(place, { BERTH_REGISTRY_LISTEN: new URL(database.url).host });
    const { message } = await waitForState(place, "missing");
    expect(message).toMatch(/^the registry's port \d+ on 127.0.0.1 is in use: .* BERTH_REGISTRY_LISTEN$/);
  });
});
