import { readLayers } from "./describe.ts";
import { notRegistry } from "./failures.ts";
import { type BlobDescriptor, DOCKER_MANIFEST, digestOf, MANIFEST_TYPES } from "./manifest.ts";
import { type FetchedManifest, fetchChildren, fetchManifest } from "./read-manifest.ts";
import { RegistryError } from "./registry.ts";
import type { Exchange } from "./registry-link.ts";
import { mountBlob, pushTo, uploadBlob } from "./upload-blob.ts";

export async function copyManifest(
  exchange: Exchange,
  from: { repository: string; digest: string },
  to: { repository: string; tag: string },
): Promise<{ digest: string }> {
  const manifest = await fetchManifest(exchange, from.repository, from.digest);
  if (!manifest) throw new RegistryError("not_found", `${from.repository}@${from.digest} is not on the registry.`);
  const { parsed } = manifest;
  const digests = parsed.kind === "index" ? [...new Set(parsed.children.map(({ digest }) => digest))] : [];
  const children = await fetchChildren(exchange, from.repository, digests);
  if (from.repository !== to.repository) {
    for (const blob of blobsOf([manifest, ...children]))
      await mountBlob(exchange, from.repository, to.repository, blob);
    // An index is taken once what it names is there.
    for (const child of children) await putManifest(exchange, to.repository, child.digest, child);
  }
  return { digest: await putManifest(exchange, to.repository, to.tag, manifest) };
}

export async function mountLayers(
  exchange: Exchange,
  from: { repository: string; digest: string },
  to: string,
): Promise<boolean> {
  const layers = await readLayers(exchange, from.repository, from.digest);
  if (layers === null) return false;
  if (from.repository === to) return true;
  for (const layer of layers) await mountBlob(exchange, from.repository, to, layer);
  return true;
}

/** Empty, and unlike any other: 2.8 takes no manifest whose configuration it does not hold. */
export async function replaceByEmpty(exchange: Exchange, repository: string, tag: string): Promise<string> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { "berth.emptied": `${repository}:${tag} ${crypto.randomUUID()}` } },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  await uploadBlob(exchange, repository, digestOf(config), config);
  const content = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.length,
      digest: digestOf(config),
    },
    layers: [],
  };
  const bytes = Buffer.from(JSON.stringify(content));
  return putManifest(exchange, repository, tag, { bytes, media_type: DOCKER_MANIFEST, digest: digestOf(bytes) });
}

function blobsOf(manifests: readonly FetchedManifest[]): BlobDescriptor[] {
  const blobs = manifests.flatMap(({ parsed }) => (parsed.kind === "image" ? parsed.blobs : []));
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** Answers the digest, which must be the one that the bytes have. */
async function putManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
  { bytes, media_type, digest }: Pick<FetchedManifest, "bytes" | "media_type" | "digest">,
): Promise<string> {
  const { headers } = await exchange.send({
    method: "PUT",
    path: `/v2/${repository}/manifests/${reference}`,
    access: [pushTo(repository)],
    headers: { "content-type": media_type, accept: MANIFEST_TYPES },
    body: bytes,
  });
  const stored = headers["docker-content-digest"];
  if (stored !== digest) throw notRegistry(`it made ${String(stored)} of ${digest}`);
  return digest;
}
