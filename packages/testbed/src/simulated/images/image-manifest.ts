import { digestOf } from "../hex-id.ts";
import type { ImageConfig } from "../wire.ts";

export const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** What a registry answers for an image, byte by byte. */
export interface ImageManifest {
  media_type: string;
  text: string;
  /** What the configuration that the manifest names says; null where it was sent and is not kept. */
  config_text: string | null;
}

export interface DescribedImage {
  image_id: string;
  config: ImageConfig;
  layers: string[];
}

/**
 * The manifest that an engine pushes for this image: the same bytes for the same image, so that its digest is theirs. The
 * configuration's digest is not the image's id here, as on an engine with the containerd image store.
 */
export function describeImage({ image_id, config, layers }: DescribedImage): ImageManifest {
  const configText = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config,
    rootfs: { type: "layers", diff_ids: layers },
    "berth.simulated.image_id": image_id,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, size: Buffer.byteLength(configText), digest: digestOf(configText) },
    layers: layers.map((digest) => ({ mediaType: LAYER_TYPE, size: layerSizeBytes(digest), digest })),
  };
  return { media_type: MANIFEST_TYPE, text: JSON.stringify(manifest, null, 3), config_text: configText };
}

/** From 1 to 17 MB compressed: of a layer that is nowhere there is only its digest, and one digest has one size. */
function layerSizeBytes(digest: string): number {
  return 1_000_000 + Number.parseInt(digest.slice("sha256:".length, "sha256:".length + 6), 16);
}
