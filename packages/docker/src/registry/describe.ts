import { z } from "zod";
import { notRegistry, orNull } from "./failures.ts";
import { type BlobDescriptor, decode, digestOf, type ParsedImage, parseJson } from "./manifest.ts";
import { fetchChildren, fetchManifest, pullFrom } from "./read-manifest.ts";
import { type DescribedManifest, type ImageConfig, RegistryError } from "./registry.ts";
import type { Exchange } from "./registry-link.ts";

const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Distribution's names of processors, which are Go's. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };
const OWN_ARCHITECTURE = ARCHITECTURES[process.arch] ?? process.arch;

export async function describeManifest(
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<DescribedManifest | null> {
  const manifest = await fetchManifest(exchange, repository, digest);
  if (!manifest) return null;
  const { media_type, parsed } = manifest;
  if (parsed.kind === "image" && !parsed.isRunnable) {
    throw new RegistryError("protocol", "It is not an image that an engine runs.");
  }
  if (parsed.kind === "image") return { media_type, ...contentOf(parsed, [parsed]), platforms: [] };

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
    ...contentOf(ownImage?.kind === "image" ? ownImage : null, images),
    platforms: [...new Set(platforms)],
  };
}

/** `image` is what runs here, `all` what the size counts. */
function contentOf(
  image: ParsedImage | null,
  all: readonly ParsedImage[],
): Pick<DescribedManifest, "size_bytes" | "layers" | "config_digest"> {
  const sizes = new Map(all.flatMap(({ layers, config }) => [...layers, config]).map(toEntry));
  return {
    size_bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    layers: image?.layers ?? [],
    config_digest: image?.config.digest ?? null,
  };
}

const toEntry = ({ digest, size }: BlobDescriptor): [string, number] => [digest, size];

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
