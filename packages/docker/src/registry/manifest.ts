import { createHash } from "node:crypto";
import { z } from "zod";
import { notRegistry } from "./failures.ts";
import { RegistryError } from "./registry.ts";

export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** Every kind that an image may have: a registry answers with another kind, or not at all, where one is left out. */
export const MANIFEST_TYPES = [DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX].join(", ");

const Descriptor = z.object({
  mediaType: z.string().default(""),
  digest: z.string().regex(/^sha256:[a-f0-9]{64}$/),
  size: z.int().nonnegative(),
});

/** More than any image has. A registry takes whatever sizes a manifest names. */
const MAX_IMAGE_BYTES = 10 * 1024 ** 4;

/** A signature or a chart is kept as a manifest, too: it is told by its configuration. */
const IMAGE_CONFIGS = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.oci.image.config.v1+json",
  "", // of a manifest that does not say
];

const ImageManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });

const Platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const Index = z.object({
  manifests: z.array(
    Descriptor.extend({ platform: Platform.optional(), annotations: z.record(z.string(), z.string()).nullish() }),
  ),
});

export interface BlobDescriptor {
  digest: string;
  size: number;
}

export interface ParsedImage {
  kind: "image";
  /** False for what is kept like an image and is none. */
  isRunnable: boolean;
  config: BlobDescriptor;
  /** Lowest first. */
  layers: BlobDescriptor[];
  /** What its registry holds of it: not the layers that are only fetched from elsewhere. */
  blobs: BlobDescriptor[];
}

export interface ParsedIndex {
  kind: "index";
  children: {
    digest: string;
    /** Null where it does not say. */
    platform: z.infer<typeof Platform> | null;
    /** What a build tells of another child (its provenance), which is nothing to run. */
    isAttestation: boolean;
  }[];
}

/** Throws `protocol` for what is not an image's manifest. */
export function parseManifest(mediaType: string, bytes: Buffer): ParsedImage | ParsedIndex {
  const content = parseJson(bytes);
  switch (mediaType) {
    case DOCKER_MANIFEST:
    case OCI_MANIFEST:
      return parseImage(decode(ImageManifest, content));
    case DOCKER_LIST:
    case OCI_INDEX:
      return parseIndex(decode(Index, content));
    default:
      throw new RegistryError(
        "protocol",
        `It is not an image of a form that engines take: ${mediaType.slice(0, 100)}.`,
      );
  }
}

function parseImage({ config, layers }: z.infer<typeof ImageManifest>): ParsedImage {
  const toBlob = ({ digest, size }: BlobDescriptor): BlobDescriptor => ({ digest, size });
  const told = [...layers, config].reduce((sum, { size }) => sum + size, 0);
  if (told > MAX_IMAGE_BYTES) throw new RegistryError("protocol", "It says that it is larger than 10 TiB.");
  const kept = layers.filter(({ mediaType }) => !/foreign|nondistributable/.test(mediaType));
  return {
    kind: "image",
    isRunnable: IMAGE_CONFIGS.includes(config.mediaType),
    config: toBlob(config),
    layers: layers.map(toBlob),
    blobs: [...kept, config].map(toBlob),
  };
}

function parseIndex({ manifests }: z.infer<typeof Index>): ParsedIndex {
  const children = manifests.map(({ digest, platform, annotations }) => ({
    digest,
    platform: platform ?? null,
    isAttestation: platform?.os === "unknown" || annotations?.["vnd.docker.reference.type"] !== undefined,
  }));
  return { kind: "index", children };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw notRegistry("no JSON", { cause });
  }
}

/** Throws `protocol` where a registry's answer has another shape. */
export function decode<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notRegistry(z.prettifyError(parsed.error).slice(0, 200), { cause: parsed.error });
}
