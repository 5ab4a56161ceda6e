import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BerthClient } from "@berth/api/client.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { pgSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine } from "@berth/docker/engine.ts";
import { issueRegistryToken, type TokenKeys } from "@berth/docker/registry/token.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { runDockerCli } from "../fleet/docker-cli.ts";
import { pushImage } from "../fleet/push-image.ts";
import type { FleetRegistry } from "../fleet/registry.ts";
import { CommandError } from "../fleet/run-command.ts";
import { buildTestImages, TEST_IMAGE, type TestImage } from "../fleet/test-image.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { ADMIN, type ApiServer, passwordOf, startApiServer } from "./api-server.ts";
import { startServerRegistry } from "./server-registry.ts";

const fleet = sharedFleet();

describe.skipIf(fleet === null)("people at a registry with Docker's own command line", () => {
  let folder: string;
  let database: TestDatabase;
  let pool: Pool;
  let server: ApiServer;
  let registry: FleetRegistry;
  let keys: TokenKeys;
  let alice: BerthClient;
  let image: TestImage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-registry-users-"));
    image = (await buildTestImages(join(folder, "images"))).base;
    database = await createTestDatabase();
    pool = createPool(database.url, { max: 2, applicationName: "berth-test", onError: () => undefined });
    // Where every engine reaches it, as it reaches the registry.
    server = await startApiServer({ databaseUrl: database.url, host: fleet!.registry.address.split(":")[0] ?? "" });
    const started = await startServerRegistry(fleet!.directory, { name: "registry-users", server, sql: pgSql(pool) });
    ({ registry, keys } = started);
    const { address, url } = registry;
    await writeRegistry(pgSql(pool), { kind: "process", state: "running", address, url, ca: null, message: "" });
    [alice] = [await server.registerUser("alice"), await server.registerUser("bob")];
    for (const name of ["alice/x:1", "public/x:1"]) await pushAsBerth(name);
  });
  afterAll(async () => {
    await registry?.kill();
    await server?.stop();
    await pool?.end();
    await database?.drop();
    await rm(folder, { recursive: true });
  });

  async function pushAsBerth(reference: string): Promise<void> {
    const name = reference.split(":")[0] ?? "";
    const access = [{ type: "repository", name, actions: ["pull", "push"] }];
    const request = { subject: "berth", service: "berth", access, ttlS: 60 };
    await pushImage(registry.address, { ...image, reference }, (await issueRegistryToken(keys, request)).token);
  }

  const full = (name: string): string => `${registry.address}/${name}`;

  const imagesOf = async (berth: BerthClient): Promise<string[]> =>
    (await berth.image.list.query({ limit: 500 })).items.map(({ name }) => name);

  const setPush = (user_push: boolean) => server.admin.settings.update.mutate({ user_push });

  describe.each(fleet?.engines ?? [])("on $name", ({ name: engineName, socket_path }) => {
    /** One's own command line, which remembers a login. Answers what it printed, also where it was refused. */
    async function openCli(account: string) {
      const config = await mkdtemp(join(folder, `${account}-`));
      const docker = async (args: string[], input?: string): Promise<string> =>
        runDockerCli(socket_path, args, { config, ...(input !== undefined && { input }) });
      const refused = async (args: string[], input?: string): Promise<string> => {
        const outcome = await docker(args, input).then(
          (printed) => new Error(`docker ${args.join(" ")} was not refused: ${printed}`),
          (error: unknown) => error,
        );
        if (outcome instanceof CommandError) return outcome.message;
        throw outcome;
      };
      const loginArgs = ["login", "--username", account, "--password-stdin", registry.address];
      return {
        docker: (...args: string[]) => docker(args),
        refused: (...args: string[]) => refused(args),
        login: (secret: string) => docker(loginArgs, secret),
        loginRefused: (secret: string) => refused(loginArgs, secret),
        /** Whatever the engine has of it by now must not stand in for a pull. */
        async pull(name: string): Promise<string> {
          await docker(["rmi", "--force", full(name)]).catch(() => undefined);
          return docker(["pull", full(name)]);
        },
      };
    }

    const openEngine = (): Engine => {
      const engine = connectEngine({ kind: "unix", path: socket_path });
      onTestFinished(() => engine.close());
      return engine;
    };

    const tag = async (name: string): Promise<string> => {
      await runDockerCli(socket_path, ["tag", TEST_IMAGE, full(name)]);
      onTestFinished(async () => void (await runDockerCli(socket_path, ["rmi", full(name)])));
      return full(name);
    };

    test("a password opens it, and a wrong one does not", async () => {
      const cli = await openCli("alice");
      expect(await cli.loginRefused("wrong")).toContain("The account, or its password or API token, is wrong");
      expect(await cli.login(passwordOf("alice"))).toContain("Login Succeeded");
      expect(await (await openCli("mallory")).loginRefused(passwordOf("alice"))).toContain("unauthorized");
    });

    test("an API token opens it, until it is ended", async () => {
      const { token, token_id } = await alice.user.api_tokens.create.mutate({ name: engineName, scope: "read" });
      const cli = await openCli("alice");
      expect(await cli.login(token)).toContain("Login Succeeded");
      expect(await cli.pull("alice/x:1")).toContain(image.manifest.digest);
      await alice.user.api_tokens.revoke.mutate({ token_id });
      expect(await cli.loginRefused(token)).toContain("unauthorized");
    });

    test("one's own and what is public is there to pull, another's only where all of it is shared", async () => {
      const [own, bobs] = [await openCli("alice"), await openCli("bob")];
      await own.login(passwordOf("alice"));
      await bobs.login(passwordOf("bob"));
      expect(await own.pull("alice/x:1")).toContain(image.manifest.digest);
      expect(await own.pull("public/x:1")).toContain(image.manifest.digest);
      expect(await bobs.pull("public/x:1")).toContain(image.manifest.digest);
      expect(await bobs.refused("pull", full("alice/x:1"))).toMatch(REFUSED);
      // Not by the command line, which would ask who one is, and wait.
      const nobodys = openEngine().pullImage(full("public/x:1"));
      await expect(nobodys).rejects.toMatchObject({
        kind: "rejected",
        message: expect.stringContaining("docker login"),
      });

      const [{ image_id }] = await query<{ image_id: number }>(
        `INSERT INTO images (name, user_id, source, shared_with)
         SELECT 'alice/x:1', a.user_id, 'commit', ARRAY[b.user_id] FROM users a, users b
         WHERE a.account = 'alice' AND b.account = 'bob' RETURNING image_id`,
      );
      onTestFinished(async () => void (await query("DELETE FROM images WHERE image_id = $1", [image_id])));
      expect(await bobs.pull("alice/x:1")).toContain(image.manifest.digest);
      expect(await bobs.refused("push", await tag("alice/x:bobs"))).toMatch(REFUSED);
    });

    test("a push is taken into one's own namespace where users may push, and is an image then", async () => {
      const cli = await openCli("alice");
      await cli.login(passwordOf("alice"));
      const reference = await tag(`alice/pushed-${engineName}:1`);
      await setPush(false);
      expect(await cli.refused("push", reference)).toMatch(REFUSED);
      await setPush(true);
      onTestFinished(async () => void (await setPush(false)));
      await cli.docker("push", reference);
      const name = `alice/pushed-${engineName}:1`;
      await waitUntil("the image to be listed", 10_000, async () => (await imagesOf(alice)).includes(name));
      const pushed = (await alice.image.list.query({ limit: 500 })).items.find((found) => found.name === name);
      expect(pushed).toMatchObject({ source: "push", phase: "Ready", reference, public: false });
      expect(pushed?.digest).toMatch(/^sha256:/);
      expect(pushed?.size).toBeGreaterThan(500_000);
      expect(await cli.pull(name)).toContain(pushed?.digest);

      const others = await tag(`bob/pushed-${engineName}:1`);
      expect(await cli.refused("push", others)).toMatch(REFUSED);
      expect(await cli.refused("push", await tag(`public/pushed-${engineName}:1`))).toMatch(REFUSED);
    });

    test("who has no room for another image reads why at the push", async () => {
      const cli = await openCli("alice");
      await cli.login(passwordOf("alice"));
      await setPush(true);
      const { user_id } = await alice.user.me.query();
      const allow = (images: number | null) =>
        server.admin.user.update.mutate({ user_id, quota: { gpus: null, containers: null, images, storage: null } });
      await allow(0);
      onTestFinished(async () => {
        await setPush(false);
        await allow(null);
      });
      const reference = await tag(`alice/full-${engineName}:1`);
      // The client of the containerd store may show the status alone.
      expect(await cli.refused("push", reference)).toMatch(/The quota of alice is 0 images|409 Conflict/);
      expect(await cli.pull("alice/x:1")).toContain(image.manifest.digest);
      await allow(null);
      await cli.docker("push", reference);
    });

    test("who may only read pushes nothing", async () => {
      const { token } = await alice.user.api_tokens.create.mutate({ name: `push ${engineName}`, scope: "read" });
      const cli = await openCli("alice");
      await cli.login(token);
      await setPush(true);
      onTestFinished(async () => void (await setPush(false)));
      expect(await cli.refused("push", await tag(`alice/read-${engineName}:1`))).toMatch(REFUSED);
    });

    test("an admin pushes what is for all", async () => {
      const cli = await openCli(ADMIN.account);
      await cli.login(ADMIN.password);
      const name = `public/y-${engineName}:1`;
      await cli.docker("push", await tag(name));
      await waitUntil("the image to be listed", 10_000, async () => (await imagesOf(alice)).includes(name));
      expect(await cli.pull("alice/x:1")).toContain(image.manifest.digest);
    });

    test("a machine pulls with a token alone, and not with a spent one", async () => {
      const engine = openEngine();
      const access = [{ type: "repository", name: "alice/x", actions: ["pull"] }];
      const tokenOf = async (ttlS: number): Promise<string> =>
        (await issueRegistryToken(keys, { subject: "berth", service: "berth", access, ttlS })).token;
      await runDockerCli(socket_path, ["rmi", "--force", full("alice/x:1")]).catch(() => undefined);
      const spent = engine.pullImage(full("alice/x:1"), { registryToken: await tokenOf(-120) });
      await expect(spent).rejects.toMatchObject({ kind: "rejected" });
      const pulled = await engine.pullImage(full("alice/x:1"), { registryToken: await tokenOf(60) });
      expect(pulled.digests.join()).toContain(image.manifest.digest);
    });
  });

  test("what anybody said to prove who they are is nowhere in the server's log", () => {
    const log = server.log.join("\n");
    expect(log).toContain("/registry/token");
    for (const secret of [passwordOf("alice"), ADMIN.password, "berth_", "Basic ", "scope="]) {
      expect(log).not.toContain(secret);
    }
  });

  async function query<Row extends object>(statement: string, parameters: unknown[] = []): Promise<[Row, ...Row[]]> {
    return (await pgSql(pool)<Row>(statement, parameters)) as [Row, ...Row[]];
  }
});

/** Each generation of Docker says it in its own words. */
const REFUSED = /denied|unauthorized|authorization failed|insufficient_scope|authentication required|401/i;
