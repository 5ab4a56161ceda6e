import { z } from "zod";
import { notRegistry, orNull } from "./failures.ts";
import { type BlobDescriptor, decode, digestOf, type ParsedImage, parseJson } from "./manifest.ts";
import { fetchChildren, fetchManifest, pullFrom } from "./read-manifest.ts";
import { type DescribedManifest, type ImageConfig, RegistryError } from "./registry.ts";
import type { Exchange } from "./registry-link.ts";

/** Far more than engines run of one image: each is asked for. */
const MANY_BLOBS = 1_000;
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Distribution's names of processors, which are Go's. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };
const OWN_ARCHITECTURE = ARCHITECTURES[process.arch] ?? process.arch;

/** What its layers and configuration take is what the registry holds: whoever pushes writes any sizes into a manifest. */
export async function describeManifest(
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<DescribedManifest | null> {
  const content = await readContent(exchange, repository, digest);
  if (!content) return null;
  const { image, all, ...kind } = content;
  const blobs = new Map(all.flatMap(({ layers, config }) => [...layers, config]).map((blob) => [blob.digest, blob]));
  if (blobs.size > MANY_BLOBS)
    throw new RegistryError("protocol", `It has ${blobs.size} layers, more than engines take.`);
  const measured = [...blobs.values()].map(
    async (blob) => [blob.digest, await sizeOf(exchange, repository, blob)] as const,
  );
  const sizes = new Map(await Promise.all(measured));
  return {
    ...kind,
    size_bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    layers: (image?.layers ?? []).map((layer) => ({
      digest: layer.digest,
      size: sizes.get(layer.digest) ?? layer.size,
    })),
    config_digest: image?.config.digest ?? null,
  };
}

/** Lowest first, as {@link describeManifest} tells them, with the sizes that the manifest names. */
export async function readLayers(
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<BlobDescriptor[] | null> {
  const content = await readContent(exchange, repository, digest);
  return content && (content.image?.layers ?? []);
}

/** As it is told where the registry does not hold it, or would lead elsewhere for it. */
async function sizeOf(exchange: Exchange, repository: string, { digest, size }: BlobDescriptor): Promise<number> {
  const path = `/v2/${repository}/blobs/${digest}`;
  try {
    const { headers } = await exchange.send({ method: "HEAD", path, access: [pullFrom(repository)] });
    return Number(headers["content-length"] ?? size);
  } catch (error) {
    const isElsewhere = error instanceof RegistryError && error.status !== null && error.status < 400;
    if (isElsewhere || (error instanceof RegistryError && error.kind === "not_found")) return size;
    throw error;
  }
}

interface Content extends Pick<DescribedManifest, "media_type" | "platforms"> {
  /** What runs here. */
  image: ParsedImage | null;
  /** What the size counts. */
  all: ParsedImage[];
}

async function readContent(exchange: Exchange, repository: string, digest: string): Promise<Content | null> {
  const manifest = await fetchManifest(exchange, repository, digest);
  if (!manifest) return null;
  const { media_type, parsed } = manifest;
  if (parsed.kind === "image" && !parsed.isRunnable) {
    throw new RegistryError("protocol", "It is not an image that an engine runs.");
  }
  if (parsed.kind === "image") return { media_type, image: parsed, all: [parsed], platforms: [] };

  const runnable = parsed.children.filter((child) => !child.isAttestation);
  const children = await fetchChildren(exchange, repository, [...new Set(runnable.map((child) => child.digest))]);
  const images = children.flatMap((child) => (child.parsed.kind === "image" ? [child.parsed] : []));
  const own = runnable.find(({ platform }) => platform?.os === "linux" && platform.architecture === OWN_ARCHITECTURE);
  const ownImage = children.find((child) => child.digest === own?.digest)?.parsed;
  const platforms = runnable.flatMap(({ platform }) =>
    platform ? [[platform.os, platform.architecture, platform.variant].filter(Boolean).join("/")] : [],
  );
  return {
    media_type,
    image: ownImage?.kind === "image" ? ownImage : null,
    all: images,
    platforms: [...new Set(platforms)],
  };
}

const Texts = z.array(z.string()).nullish();

/** Go leaves out or writes null for what is empty. */
const Config = z.object({
  config: z
    .object({
      Cmd: Texts,
      Entrypoint: Texts,
      Env: Texts,
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      WorkingDir: z.string().nullish(),
    })
    .nullish(),
});

export async function readConfig(exchange: Exchange, repository: string, digest: string): Promise<ImageConfig | null> {
  const path = `/v2/${repository}/blobs/${digest}`;
  const request = { method: "GET", path, access: [pullFrom(repository)] } as const;
  const answer = await orNull(exchange.send(request, MAX_CONFIG_BYTES));
  if (!answer) return null;
  if (digestOf(answer.body) !== digest) throw notRegistry(`${digest} has another content`);
  const { config } = decode(Config, parseJson(answer.body));
  return {
    command: config?.Cmd ?? [],
    entrypoint: config?.Entrypoint ?? [],
    env: config?.Env ?? [],
    exposed_ports: Object.keys(config?.ExposedPorts ?? {}),
    working_dir: config?.WorkingDir ?? "",
  };
}
