import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {} from "@berth/testbed/fleet/global-setup.ts"; // declares what is injected
import { pushBlobs, pushImage } from "@berth/testbed/fleet/push-image.ts";
import { FleetRegistry } from "@berth/testbed/fleet/registry.ts";
import { buildTestImages, MANIFEST_TYPE, type TestImage } from "@berth/testbed/fleet/test-image.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "@berth/testbed/fleet/shared-fleet.ts";
import {
  issueServerCertificate,
  type KeyAndCertificate as Keys,
  makeAuthority,
  makeTokenKeys,
} from "../certificates/authority.ts";
import type { RegistryAccess } from "./access.ts";
import { connectRegistry } from "./connect-registry.ts";
import type { Registry } from "./registry.ts";
import { issueRegistryToken } from "./token.ts";

const fleet = sharedFleet();
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

describe.skipIf(fleet === null).each(["open", "token"] as const)("a real registry (%s)", (kind) => {
  let server: FleetRegistry;
  let registry: Registry;
  let images: { base: TestImage; derived: TestImage };
  /** What was asked for, in turn. */
  const asked: RegistryAccess[][] = [];
  let keys: Keys;
  let tokenFor: (access: RegistryAccess[]) => Promise<string>;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-registry-"));
    images = await buildTestImages(folder);
    await rm(folder, { recursive: true });
    keys = await makeTokenKeys();
    tokenFor = async (access) =>
      (await issueRegistryToken(keys, { subject: "berth", service: "lab", access, ttlS: 60 })).token;
    const auth = { realm: "http://127.0.0.1/token", service: "lab", issuer: "berth", certificate: keys.certificate };
    server = await FleetRegistry.start(fleet!.directory, {
      name: `registry-contract-${kind}`,
      ...(kind === "token" && { auth }),
    });
    registry = connectRegistry({
      url: server.url,
      ca: null,
      authorize:
        kind === "open"
          ? null
          : (access) => {
              asked.push(access);
              return tokenFor(access);
            },
    });
  }, 60_000);
  afterAll(async () => {
    registry?.close();
    await server?.kill();
  });

  /** Under a repository of the test's own; what there is of it is unlike any other's. */
  async function push(image: TestImage, repository: string, tag = "1"): Promise<string> {
    const token = await tokenFor([{ type: "repository", name: repository, actions: ["pull", "push"] }]);
    await pushImage(
      server.address,
      { ...image, reference: `${repository}:${tag}` },
      kind === "open" ? undefined : token,
    );
    return image.manifest.digest;
  }

  async function putManifest(repository: string, reference: string, type: string, content: object): Promise<string> {
    const body = JSON.stringify(content);
    const token = await tokenFor([{ type: "repository", name: repository, actions: ["pull", "push"] }]);
    const headers = { "content-type": type, ...(kind === "token" && { authorization: `Bearer ${token}` }) };
    const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    const url = `${server.url}/v2/${repository}/manifests/${reference === "" ? digest : reference}`;
    const answer = await fetch(url, { method: "PUT", headers, body });
    expect(answer.status, await answer.text()).toBe(201);
    return digest;
  }

  const manifestOf = (image: TestImage): { config: object; layers: object[] } =>
    JSON.parse(image.manifest.content.toString()) as { config: object; layers: object[] };

  test("is known as one", async () => {
    await registry.check();
  });

  test("says what a tag and a digest stand for, and that there is nothing", async () => {
    const digest = await push(images.base, "head/a");
    const head = { digest, media_type: MANIFEST_TYPE, size_bytes: images.base.manifest.content.length };
    expect(await registry.headManifest("head/a", "1")).toEqual(head);
    expect(await registry.headManifest("head/a", digest)).toEqual(head);
    expect(await registry.headManifest("head/a", "2")).toBeNull();
    expect(await registry.headManifest("head/b", "1")).toBeNull();
  });

  test("tells an image's layers and size, and what it starts with", async () => {
    const digest = await push(images.derived, "describe/a");
    const { layers, config } = images.derived;
    const described = await registry.describe("describe/a", digest);
    expect(described).toEqual({
      media_type: MANIFEST_TYPE,
      layers: layers.map((layer) => ({ digest: layer.digest, size: layer.content.length })),
      size_bytes: [...layers, config].reduce((sum, blob) => sum + blob.content.length, 0),
      config_digest: config.digest,
      platforms: [],
    });
    expect(await registry.readConfig("describe/a", config.digest)).toEqual({
      command: ["/bin/sh"],
      entrypoint: [],
      env: ["PATH=/bin"],
      exposed_ports: [],
      working_dir: "/",
    });
    expect(await registry.describe("describe/a", images.base.manifest.digest)).toBeNull();
    expect(await registry.readConfig("describe/a", images.base.config.digest)).toBeNull();
  });

  /** An index of this machine's platform (the derived image), another's (the base), and an attestation. */
  async function pushIndex(repository: string): Promise<{ index: string; attestation: string }> {
    const own = await push(images.derived, repository, "own");
    const other = await push(images.base, repository, "other");
    const { config, layers } = manifestOf(images.base);
    const attestation = await putManifest(repository, "", OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config,
      layers,
      annotations: { of: own },
    });
    const entry = async (digest: string, os: string, architecture: string, variant?: string) => {
      const head = await registry.headManifest(repository, digest);
      return {
        mediaType: head!.media_type,
        digest,
        size: head!.size_bytes,
        platform: { os, architecture, ...(variant !== undefined && { variant }) },
      };
    };
    const index = await putManifest(repository, "all", OCI_INDEX, {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        await entry(other, "linux", "arm", "v7"),
        await entry(own, "linux", process.arch === "x64" ? "amd64" : process.arch),
        await entry(attestation, "unknown", "unknown"),
      ],
    });
    return { index, attestation };
  }

  test("tells of an image of several platforms what runs here, and what all of them take", async () => {
    const { index } = await pushIndex("describe/index");
    expect(await registry.headManifest("describe/index", "all")).toMatchObject({
      digest: index,
      media_type: OCI_INDEX,
    });
    const { base, derived } = images; // which share their lowest layer
    const all = [...derived.layers, derived.config, base.config];
    expect(await registry.describe("describe/index", index)).toEqual({
      media_type: OCI_INDEX,
      layers: derived.layers.map((layer) => ({ digest: layer.digest, size: layer.content.length })),
      size_bytes: all.reduce((sum, blob) => sum + blob.content.length, 0),
      config_digest: derived.config.digest,
      platforms: ["linux/arm/v7", `linux/${process.arch === "x64" ? "amd64" : process.arch}`],
    });
  });

  test("gives an image another name with the same digest, without its bytes", async () => {
    const digest = await push(images.derived, "copy/from");
    asked.length = 0;
    const copied = await registry.copyManifest(
      { repository: "copy/from", digest },
      { repository: "copy/to", tag: "x" },
    );
    const needed = [...asked];
    expect(copied).toEqual({ digest });
    expect(await registry.headManifest("copy/to", "x")).toMatchObject({ digest });
    if (kind === "token") {
      const pull = { type: "repository", name: "copy/from", actions: ["pull"] };
      const push = { type: "repository", name: "copy/to", actions: ["pull", "push"] };
      // The manifest, a mount of each blob, the manifest again: none of their bytes is asked for.
      expect(needed).toEqual([[pull], ...Array.from({ length: 3 }, () => [push, pull]), [push]]);
    }
    const own = await registry.copyManifest({ repository: "copy/from", digest }, { repository: "copy/from", tag: "y" });
    expect(own).toEqual({ digest });
    expect(await registry.listTags("copy/from")).toEqual(["1", "y"]);
  });

  test("gives an image of several platforms another name, with all that is in it", async () => {
    const { index, attestation } = await pushIndex("copy/index");
    const to = { repository: "copy/index-to", tag: "all" };
    expect(await registry.copyManifest({ repository: "copy/index", digest: index }, to)).toEqual({ digest: index });
    for (const digest of [images.base.manifest.digest, images.derived.manifest.digest, attestation, index]) {
      expect(await registry.headManifest("copy/index-to", digest)).toMatchObject({ digest });
    }
    // Its blobs, too: they are read from where they were copied to.
    expect(await registry.readConfig("copy/index-to", images.derived.config.digest)).not.toBeNull();
  });

  test("gives another repository an image's layers, and no image", async () => {
    const digest = await push(images.derived, "mount/from");
    const from = { repository: "mount/from", digest };
    expect(await registry.mountLayers(from, "mount/to")).toBe(true);
    // A manifest is taken where all that it names is there: now only its configuration has to be sent.
    const token = await tokenFor([{ type: "repository", name: "mount/to", actions: ["pull", "push"] }]);
    const target = { registry: server.address, repository: "mount/to", ...(kind === "token" && { token }) };
    await pushBlobs(target, [images.derived.config]);
    expect(await putManifest("mount/to", "1", MANIFEST_TYPE, manifestOf(images.derived))).toBe(digest);
    expect(await registry.listTags("mount/to")).toEqual(["1"]);
    const gone = { repository: "mount/from", digest: `sha256:${"0".repeat(64)}` };
    expect(await registry.mountLayers(gone, "mount/to")).toBe(false);
  });

  test("does not copy what is gone", async () => {
    const from = { repository: "copy/nothing", digest: `sha256:${"0".repeat(64)}` };
    const copying = registry.copyManifest(from, { repository: "copy/to", tag: "z" });
    await expect(copying).rejects.toMatchObject({ kind: "not_found" });
  });

  test("deletes a manifest with all its tags, once", async () => {
    const digest = await push(images.base, "delete/a", "1");
    await push(images.base, "delete/a", "2");
    expect(await registry.listTags("delete/a")).toEqual(["1", "2"]);
    expect(await registry.deleteManifest("delete/a", digest)).toBe(true);
    expect(await registry.deleteManifest("delete/a", digest)).toBe(false);
    expect(await registry.deleteManifest("delete/never", digest)).toBe(false);
    expect(await registry.headManifest("delete/a", "2")).toBeNull();
    expect(await registry.listTags("delete/a")).toEqual([]);
  });

  test("drops one of two tags with one digest", async () => {
    const digest = await push(images.base, "drop/a", "keep");
    await push(images.base, "drop/a", "drop");
    const empty = await registry.replaceByEmpty("drop/a", "drop");
    expect(empty).not.toBe(digest);
    expect(await registry.replaceByEmpty("drop/a", "other")).not.toBe(empty);
    expect(await registry.deleteManifest("drop/a", empty)).toBe(true);
    expect(await registry.headManifest("drop/a", "drop")).toBeNull();
    expect(await registry.headManifest("drop/a", "keep")).toMatchObject({ digest });
  });

  test("lists all repositories and tags in order", async () => {
    const tags = Array.from({ length: 20 }, (_, index) => `t${index}`);
    for (const tag of tags) await push(images.base, "list/many", tag);
    expect(await registry.listTags("list/many")).toEqual([...tags].sort());
    expect(await registry.listTags("list/never")).toEqual([]);
    const repositories = await registry.listRepositories();
    expect(repositories).toEqual([...repositories].sort());
    expect(repositories).toEqual(expect.arrayContaining(["copy/to", "head/a", "list/many"]));
  });

  test("takes no more after it was closed", async () => {
    const other = connectRegistry({ url: server.url, ca: null, authorize: null });
    other.close();
    await expect(other.check()).rejects.toMatchObject({ kind: "closed" });
  });

  test.runIf(kind === "token")("takes no token that is spent, of another service, or of another key", async () => {
    const others = await makeTokenKeys();
    const right = { subject: "berth", service: "lab", ttlS: 60 };
    const refused: [Keys, typeof right][] = [
      [others, right],
      [keys, { ...right, service: "elsewhere" }],
      [keys, { ...right, ttlS: -120 }],
      // Signed by a stranger who shows our certificate.
      [{ key: others.key, certificate: keys.certificate }, right],
    ];
    const nobody = connectRegistry({ url: server.url, ca: null, authorize: null });
    const connections = refused.map(([signer, request]) =>
      connectRegistry({
        url: server.url,
        ca: null,
        authorize: async (access) => (await issueRegistryToken(signer, { ...request, access })).token,
      }),
    );
    onTestFinished(() => [nobody, ...connections].forEach((each) => each.close()));
    for (const each of [nobody, ...connections]) {
      await expect(each.check()).rejects.toMatchObject({ kind: "rejected", status: 401 });
      await expect(each.headManifest("head/a", "1")).rejects.toMatchObject({ kind: "rejected" });
    }
  });

  test("says that it can't be reached while it is down, and is used again once it is back", async () => {
    await registry.check(); // leaves a connection that it will close
    await server.kill();
    await expect(registry.check()).rejects.toMatchObject({ kind: "unreachable" });
    await server.start();
    await registry.check();
    expect(await registry.listTags("list/many")).toHaveLength(20);
  });
});

describe.skipIf(fleet === null)("a real registry over TLS", () => {
  test("is taken with the authority that signed its certificate, and with no other", async () => {
    const authority = await makeAuthority("Test authority");
    const server = await FleetRegistry.start(fleet!.directory, {
      name: `registry-tls-${randomBytes(3).toString("hex")}`,
      tls: (host) => issueServerCertificate(authority, { hosts: ["registry.lab", host], days: 1 }),
    });
    const connect = (ca: string | null, url = server.url) => connectRegistry({ url, ca, authorize: null });
    const other = await makeAuthority("Test authority");
    const connections = [connect(authority.certificate), connect(other.certificate), connect(null)] as const;
    const plain = connect(null, server.url.replace("https", "http"));
    onTestFinished(async () => {
      for (const each of [...connections, plain]) each.close();
      await server.kill();
    });
    const [right, wrong, none] = connections;
    await right.check();
    for (const each of [wrong, none, plain]) await expect(each.check()).rejects.toMatchObject({ kind: "rejected" });
  });
});
