import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushBlobs, putManifest } from "../fleet/push-image.ts";
import { type Blob, buildTestImages, describeBlob } from "../fleet/test-image.ts";

const OCI = "application/vnd.oci.image";

/**
 * Puts an image into an open registry at `HOST:PORT`: an OCI index of linux/amd64 and linux/arm64, with
 * `/derived` in it. Returns its full name.
 */
export async function publishForTwoPlatforms(registry: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-platforms-"));
  const { derived } = await buildTestImages(folder);
  await rm(folder, { recursive: true });
  const [repository = "", tag = ""] = name.split(":");
  const target = { registry, repository };
  const platforms: object[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const config = blobOf({ ...(JSON.parse(derived.config.content.toString()) as object), architecture });
    await pushBlobs(target, [...derived.layers, config]);
    const manifest = blobOf({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: describeBlob(`${OCI}.config.v1+json`, config),
      layers: derived.layers.map((layer) => describeBlob(`${OCI}.layer.v1.tar+gzip`, layer)),
    });
    await putManifest(target, manifest.digest, `${OCI}.manifest.v1+json`, manifest.content);
    platforms.push({ ...describeBlob(`${OCI}.manifest.v1+json`, manifest), platform: { os: "linux", architecture } });
  }
  const index = blobOf({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: platforms });
  await putManifest(target, tag, `${OCI}.index.v1+json`, index.content);
  return `${registry}/${name}`;
}

function blobOf(value: object): Blob {
  const content = Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, content };
}
