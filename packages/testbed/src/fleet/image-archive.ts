import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeBlob, MANIFEST_TYPE, packFolder, type Blob, type TestImage } from "./test-image.ts";

/**
 * The tar file that `docker load` takes. It is an archive of Docker's own form and an OCI layout at once: the containerd
 * store reads the latter and keeps the manifest as it is, so that the image is the registry's, layer for layer.
 */
export async function packForLoad(folder: string, image: TestImage): Promise<Buffer> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  for (const blob of [image.manifest, image.config, ...image.layers]) {
    await writeFile(join(folder, blobPath(blob)), blob.content);
  }
  const archive = { Config: blobPath(image.config), RepoTags: [image.reference], Layers: image.layers.map(blobPath) };
  const annotations = {
    "io.containerd.image.name": `docker.io/${image.reference}`,
    "org.opencontainers.image.ref.name": image.reference.split(":")[1],
  };
  const index = { schemaVersion: 2, manifests: [{ ...describeBlob(MANIFEST_TYPE, image.manifest), annotations }] };
  await writeFile(join(folder, "manifest.json"), JSON.stringify([archive]));
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return packFolder(folder);
}

function blobPath(blob: Blob): string {
  return `blobs/${blob.digest.replace(":", "/")}`;
}
