import { randomUUID } from "node:crypto";
import { createPool } from "@berth/db/pool.ts";
import { beginPush } from "@berth/db/registry/push-fence.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { pgSql } from "@berth/db/sql.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { type RestartablePostgres, startRestartablePostgres } from "@berth/testbed/postgres/restartable.ts";
import { REGISTRY_BINARY } from "@berth/testbed/registry/own-registry.ts";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { splitAddress } from "./addresses.ts";
import { readEnv } from "./env.ts";
import { Keeper, type KeeperOptions, MISSING_MESSAGE } from "./keeper.ts";
import { processRunner } from "./run-process.ts";
import type { RegistryRunner } from "./runner.ts";
import { loadSecrets } from "./secrets.ts";
import { registryFolder, resolveSettings } from "./settings.ts";
import {
  isPullable,
  listProcesses,
  makePlace,
  type Place,
  pushImage,
  SECRET_KEY,
  waitForCollection,
  waitForState,
} from "./testing/keeper.fixture.ts";

/** One database for all, which some of the tests take away. */
let postgres: RestartablePostgres;
beforeAll(async () => {
  postgres = await startRestartablePostgres();
});
afterAll(() => postgres.remove());

/** A keeper in this process, with a clock in a hurry. */
async function keep(
  differs: Partial<Pick<KeeperOptions, "times" | "findRunner">> = {},
): Promise<{ place: Place; keeper: Keeper }> {
  const pool = createPool(postgres.url, { max: 4, applicationName: "berth-registry-test", onError: () => undefined });
  const sql = pgSql(pool);
  for (const table of ["settings", "operations", "reconcilers"]) await sql(`DELETE FROM ${table}`);
  const place = await makePlace({ url: postgres.url, sql });
  const env = readEnv({
    DATABASE_URL: postgres.url,
    BERTH_SECRET_KEY: SECRET_KEY,
    BERTH_DATA_DIR: place.dataDir,
    BERTH_REGISTRY_LISTEN: place.address,
  });
  const settings = resolveSettings(env, "test-host");
  const keeper = new Keeper({
    settings,
    secrets: await loadSecrets(sql, createSecretBox(SECRET_KEY)),
    sql,
    findRunner: () => findHere(place),
    log: pino({ level: "silent" }),
    ...differs,
    times: { firstBackoffMs: 50, missingMs: 50, pulseMs: 100, ...differs.times },
  });
  onTestFinished(async () => {
    await keeper.stop();
    await pool.end();
  });
  return { place, keeper };
}

const findHere = async (place: Place): Promise<RegistryRunner> =>
  processRunner(
    REGISTRY_BINARY!,
    { folder: registryFolder(place.dataDir), listen: splitAddress(place.address) },
    () => {},
  );

async function openPush(place: Place): Promise<void> {
  const holder = randomUUID();
  await place.sql(
    `INSERT INTO reconcilers (holder, expires_at, backend_pid, backend_start)
     VALUES ($1, clock_timestamp() + interval '1 hour', 1, now())`,
    [holder],
  );
  expect(await beginPush(place.sql, { image_id: 1, holder })).not.toBeNull();
}

describe.skipIf(REGISTRY_BINARY === null)("the keeper of a registry", () => {
  test("says what is missing and what mends it, and finds what was installed since", async () => {
    let isInstalled = false;
    const { place } = await keep({ findRunner: async () => (isInstalled ? findHere(place) : null) });
    expect(await waitForState(place, "missing")).toMatchObject({ message: MISSING_MESSAGE });
    expect(MISSING_MESSAGE).toMatch(/apt install docker-registry.*docker pull registry:3/);
    isInstalled = true;
    await waitForState(place, "running");
  });

  test("replaces a registry that does not answer any more", async () => {
    const { place } = await keep();
    await waitForState(place, "running");
    const [frozen] = await listProcesses(place);
    process.kill(frozen!, "SIGSTOP");
    await waitUntil("another registry", 30_000, async () => {
      const [pid] = await listProcesses(place);
      return pid !== undefined && pid !== frozen;
    });
    await waitForState(place, "running");
  });

  test("gives a collection up where pushes do not end, says so, and lets them begin again", async () => {
    const { place, keeper } = await keep({ times: { pushesMs: 100 } });
    await waitForState(place, "running");
    const before = await listProcesses(place);
    await openPush(place);
    const collection = await waitForCollection(place, async () => keeper.collect());
    expect(collection.failure).toMatch(/^Pushes went on for .* \(1 at the end\)\.$/);
    await waitForState(place, "running");
    expect(await listProcesses(place)).toEqual(before);
  });

  test.each(["kill", "stop"] as const)(
    "a database that goes away by a %s while pushes are waited for finds the registry open again",
    async (how) => {
      const { place, keeper } = await keep();
      await waitForState(place, "running");
      const image = await pushImage(place, "alice/work", "1", 1_000);
      await openPush(place);
      keeper.collect();
      await waitForState(place, "collecting");
      await postgres[how]();
      expect((await fetch(`http://${place.address}/v2/`)).status).toBe(401); // it runs meanwhile
      await postgres.start();
      const collection = await waitForCollection(place, () => place.sql("DELETE FROM operations"));
      expect(collection.failure).toBeNull();
      await waitForState(place, "running");
      expect(await isPullable(place, "alice/work", image)).toBe(true);
    },
  );

  test("records the registry again in a database that comes back without it", async () => {
    const { place, keeper } = await keep();
    const record = await waitForState(place, "running");
    await place.sql(`UPDATE settings SET value = value || '{"state": "collecting"}' WHERE key = 'registry'`);
    keeper.recordAgain();
    expect(await waitForState(place, "running")).toEqual(record);
  });
});
