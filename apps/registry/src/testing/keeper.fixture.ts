import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import { loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { readCollection, readRegistry } from "@berth/db/registry/record.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import { makeTokenKeys } from "@berth/docker/certificates/authority.ts";
import { issueRegistryToken } from "@berth/docker/registry/token.ts";
import type { CollectionRecord, RegistryRecord } from "@berth/spec/registry.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
export const SECRET_KEY = "a secret key of tests, long enough";
const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

/** A data dir, a database and a free port: what one registry is kept in. Keepers of it come and go. */
export interface Place {
  dataDir: string;
  address: string;
  databaseUrl: string;
  sql: Sql;
}

export interface RunningKeeper {
  process: ChildProcess;
  /** All that it has written until now. */
  output: () => string;
  exit: Promise<number | null>;
}

export async function makePlace(database: { url: string; sql: Sql }): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-keeper-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return { dataDir, address: `127.0.0.1:${await pickPort()}`, databaseUrl: database.url, sql: database.sql };
}

/** `npm run registry` in this place; ended with the test. */
export function startKeeper(place: Place, variables: Record<string, string> = {}): RunningKeeper {
  const env = {
    PATH: process.env["PATH"],
    DATABASE_URL: place.databaseUrl,
    BERTH_SECRET_KEY: SECRET_KEY,
    BERTH_DATA_DIR: place.dataDir,
    BERTH_REGISTRY_LISTEN: place.address,
    ...variables,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exit = once(child, "close").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exit;
  });
  return { process: child, output: () => output, exit };
}

export async function waitForState(place: Place, state: RegistryRecord["state"]): Promise<RegistryRecord> {
  let record: RegistryRecord | null = null;
  await waitUntil(`the registry to be ${state}`, 20_000, async () => {
    record = await readRegistry(place.sql).catch(() => null); // the database may be away
    return record?.state === state;
  });
  return record!;
}

/** The first collection that began after this call was made. */
export async function waitForCollection(place: Place, ask: () => Promise<unknown>): Promise<CollectionRecord> {
  const before = await readCollection(place.sql);
  await ask();
  let collection: CollectionRecord | null = null;
  await waitUntil("a garbage collection", 20_000, async () => {
    collection = await readCollection(place.sql);
    return collection !== null && collection.began_at !== before?.began_at;
  });
  return collection!;
}

export const askToCollect = (place: Place): Promise<unknown> =>
  place.sql("SELECT pg_notify('berth_registry', 'collect')");

/** Pids of registries and garbage collections of this place. */
export async function listProcesses(place: Place, command = "serve"): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")] as const),
  );
  return lines.flatMap(([pid, line]) =>
    line.includes(join(place.dataDir, "registry")) && line.split("\0").includes(command) ? [Number(pid)] : [],
  );
}

const digestOf = (content: string): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** A call with a token of this installation for all that `repository` allows. */
export async function callRegistry(
  place: Place,
  repository: string,
  method: string,
  path: string,
  init: { body?: string; type?: string } = {},
): Promise<Response> {
  const keys = await loadRegistryKeys(place.sql, createSecretBox(SECRET_KEY), makeTokenKeys);
  const { token } = await issueRegistryToken(keys, {
    subject: "alice",
    service: "berth",
    access: [{ type: "repository", name: repository, actions: ["pull", "push", "delete"] }],
    ttlS: 60,
  });
  return fetch(new URL(path, `http://${place.address}/v2/${repository}/`), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: MANIFEST_TYPE,
      ...(init.type !== undefined && { "content-type": init.type }),
    },
    ...(init.body !== undefined && { body: init.body }),
  });
}

/** Pushes an image with one layer of `sizeBytes` that nobody else has; returns its digest and its layer's. */
export async function pushImage(
  place: Place,
  repository: string,
  tag: string,
  sizeBytes: number,
): Promise<{ digest: string; layer: string }> {
  const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, tag });
  const layer = randomBytes(sizeBytes / 2).toString("hex");
  for (const content of [config, layer]) {
    const begun = await callRegistry(place, repository, "POST", "blobs/uploads/");
    const location = `${begun.headers.get("location")}&digest=${digestOf(content)}`;
    const sent = { body: content, type: "application/octet-stream" };
    const uploaded = await callRegistry(place, repository, "PUT", location, sent);
    if (uploaded.status !== 201) throw new Error(`a blob was refused: ${uploaded.status} ${await uploaded.text()}`);
  }
  const describe = (mediaType: string, content: string) => ({
    mediaType,
    size: content.length,
    digest: digestOf(content),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: describe("application/vnd.docker.container.image.v1+json", config),
    layers: [describe("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
  });
  const put = await callRegistry(place, repository, "PUT", `manifests/${tag}`, { body: manifest, type: MANIFEST_TYPE });
  if (put.status !== 201) throw new Error(`the manifest was refused: ${put.status} ${await put.text()}`);
  return { digest: digestOf(manifest), layer: digestOf(layer) };
}

/** Whether the whole image can be had: its manifest, and its layer's bytes under their digest. */
export async function isPullable(place: Place, repository: string, image: { digest: string; layer: string }) {
  const manifest = await callRegistry(place, repository, "GET", `manifests/${image.digest}`);
  const layer = await callRegistry(place, repository, "GET", `blobs/${image.layer}`);
  return digestOf(await manifest.text()) === image.digest && digestOf(await layer.text()) === image.layer;
}
