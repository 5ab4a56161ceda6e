import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { runDockerCli } from "@berth/testbed/fleet/docker-cli.ts";
import type {} from "@berth/testbed/fleet/global-setup.ts"; // declares what is injected
import { REGISTRY_BINARY } from "@berth/testbed/registry/own-registry.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "@berth/testbed/fleet/shared-fleet.ts";
import { readEnv } from "./env.ts";
import { Keeper } from "./keeper.ts";
import { containerRunner } from "./run-container.ts";
import { loadSecrets } from "./secrets.ts";
import { resolveSettings } from "./settings.ts";
import {
  callRegistry,
  isPullable,
  makePlace,
  type Place,
  pushImage,
  SECRET_KEY,
  waitForCollection,
  waitForState,
} from "./testing/keeper.fixture.ts";

const MIB = 1024 * 1024;
/** The one that shares this host's folders: the others run below a root of their own. */
const shared = sharedFleet()?.engines.find(({ generation }) => generation === "20.10");

describe.skipIf(!shared || REGISTRY_BINARY === null)("a registry as a container", () => {
  const { address = "", socket_path: socket = "" } = shared ?? {};
  const docker = (...args: string[]): Promise<string> => runDockerCli(socket, args);
  const database = useTestDatabase();
  let place: Place;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-registry-image-"));
    await buildImage(folder, (...args) => docker(...args));
    await rm(folder, { recursive: true });
  });
  afterAll(async () => {
    await docker("rmi", "registry:2"); // fails where a container was left behind
  });
  beforeEach(async () => {
    // On the engine's network, which is not this process's.
    const made = await makePlace(database);
    place = { ...made, address: made.address.replace("127.0.0.1", address) };
    for (const table of ["settings", "operations"]) await database.sql(`DELETE FROM ${table}`);
  });

  async function keep(): Promise<Keeper> {
    const env = readEnv({
      DATABASE_URL: place.databaseUrl,
      BERTH_SECRET_KEY: SECRET_KEY,
      BERTH_DATA_DIR: place.dataDir,
      BERTH_REGISTRY_LISTEN: place.address,
      BERTH_REGISTRY_TLS: "off",
    });
    const settings = resolveSettings(env, "test-host");
    const engine = connectEngine({ kind: "unix", path: socket });
    const keeper = new Keeper({
      settings,
      secrets: await loadSecrets(place.sql, createSecretBox(SECRET_KEY)),
      sql: place.sql,
      findRunner: async () => containerRunner(engine, "registry:2", settings.folder, () => {}),
      log: pino({ level: "silent" }),
      times: { firstBackoffMs: 50, missingMs: 50 },
    });
    onTestFinished(async () => {
      await keeper.stop();
      engine.close();
    });
    return keeper;
  }

  const show = (format: string): Promise<string> => docker("inspect", "berth-registry", "--format", format);

  test("runs from an image that the engine holds, and is taken away when Berth stops", async () => {
    const keeper = await keep();
    expect(await waitForState(place, "running")).toMatchObject({ kind: "container", address: place.address });
    expect((await show(`{{.HostConfig.RestartPolicy.Name}} {{index .Config.Labels "${LABEL.system}"}}`)).trim()).toBe(
      "unless-stopped registry",
    );
    expect(await isPullable(place, "alice/work", await pushImage(place, "alice/work", "1", 1_000))).toBe(true);
    await keeper.stop();
    expect(await docker("ps", "--all", "--filter", "name=^berth-registry", "--format", "{{.Names}}")).toBe("");
  });

  test("comes back when it is killed by hand, with all that it held", async () => {
    await keep();
    await waitForState(place, "running");
    const image = await pushImage(place, "alice/work", "1", 1_000);
    const before = await show("{{.Id}}");
    await docker("rm", "--force", "berth-registry");
    await waitUntil("another container", 20_000, async () => {
      const now = await show("{{.Id}}").catch(() => before);
      return now !== before;
    });
    await waitForState(place, "running");
    expect(await isPullable(place, "alice/work", image)).toBe(true);
  });

  test("frees what no manifest names any more", async () => {
    const keeper = await keep();
    await waitForState(place, "running");
    const kept = await pushImage(place, "alice/work", "kept", MIB);
    const gone = await pushImage(place, "alice/work", "gone", MIB);
    await callRegistry(place, "alice/work", "DELETE", `manifests/${gone.digest}`);
    const collection = await waitForCollection(place, async () => keeper.collect());
    expect(collection.failure).toBeNull();
    expect(collection.before_bytes - collection.after_bytes).toBeGreaterThanOrEqual(MIB);
    await waitForState(place, "running");
    expect(await isPullable(place, "alice/work", kept)).toBe(true);
    await pushImage(place, "alice/work", "next", 1_000);
  });

  test("leaves a container alone that Berth did not make, and says what to do", async () => {
    await docker("create", "--name", "berth-registry", "registry:2");
    await keep();
    expect((await waitForState(place, "missing")).message).toContain("docker rename berth-registry");
    await docker("rename", "berth-registry", "somebodys");
    await waitForState(place, "running");
    await docker("rm", "somebodys");
  });
});

/** From the binary of this host and the libraries that it needs, with the entry point that the real image has. */
async function buildImage(folder: string, docker: (...args: string[]) => Promise<string>): Promise<void> {
  const binary = REGISTRY_BINARY ?? "";
  const linked = execFileSync("ldd", [binary], { encoding: "utf8" });
  for (const [file] of linked.matchAll(/\/\S+/g)) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await copyFile(file, join(folder, file));
  }
  await copyFile(binary, join(folder, basename(binary)));
  const lines = ["FROM scratch", "COPY . /", `ENTRYPOINT ["/${basename(binary)}"]`, 'CMD ["serve"]'];
  await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
  await docker("build", "--quiet", "--tag", "registry:2", folder);
}
