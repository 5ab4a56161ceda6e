import { z } from "zod";
import { digestOf } from "../hex-id.ts";
import { ImageConfig } from "../wire.ts";
import { NOT_ALLOWED, type RegistryAnswer, type RegistryCall, refusal } from "./registry-call.ts";
import type { RegistryImage, SimulatedRegistry } from "./simulated-registry.ts";

export const DIGEST = /^sha256:[a-f0-9]{64}$/;

const Descriptor = z.object({ digest: z.string().regex(DIGEST), size: z.int() });
const Manifest = z.object({
  schemaVersion: z.literal(2),
  config: Descriptor,
  layers: z.array(Descriptor),
});
type Manifest = z.infer<typeof Manifest>;

/** `/v2/<name>/manifests/<tag or digest>`. */
export function answerManifest(call: RegistryCall, reference: string): RegistryAnswer {
  switch (call.method) {
    case "GET":
    case "HEAD":
      return getManifest(call, reference);
    case "PUT":
      return putManifest(call, reference);
    case "DELETE":
      return deleteManifest(call, reference);
    default:
      return NOT_ALLOWED;
  }
}

/** Answers only a client that names the manifest's type: a real registry would convert it, or refuse, for any other. */
function getManifest({ registry, repository, headers }: RegistryCall, reference: string): RegistryAnswer {
  const isDigest = DIGEST.test(reference);
  const place = isDigest ? { tag: null, digest: reference } : { tag: reference, digest: null };
  const image = registry.find({ repository, ...place });
  const manifest = image?.manifest;
  if (!image || !manifest || !headers.accept?.includes(manifest.media_type)) {
    const detail = isDigest ? { Name: repository, Revision: reference } : { Tag: reference };
    return refusal(404, "MANIFEST_UNKNOWN", [detail]);
  }
  return {
    status: 200,
    headers: {
      "Content-Type": manifest.media_type,
      "Docker-Content-Digest": image.digest,
      Etag: `"${image.digest}"`,
    },
    body: manifest.text,
  };
}

function putManifest({ registry, repository, name, headers, body }: RegistryCall, reference: string): RegistryAnswer {
  const text = body.toString();
  const manifest = parseManifest(text);
  if (!manifest) return refusal(400, "MANIFEST_INVALID");
  const digest = digestOf(body);
  if (DIGEST.test(reference) && reference !== digest) return refusal(400, "DIGEST_INVALID");
  const missing = [manifest.config, ...manifest.layers].filter(
    (blob) => registry.blobs.sizeOf(repository, blob.digest) === null,
  );
  if (missing.length > 0)
    return refusal(
      400,
      "MANIFEST_BLOB_UNKNOWN",
      missing.map((blob) => blob.digest),
    );
  const image = registry.findDigest(digest) ?? readImage(registry, manifest, digest, text, headers["content-type"]);
  registry.put(
    { repository, ...(DIGEST.test(reference) ? { tag: null, digest } : { tag: reference, digest: null }) },
    image,
  );
  return {
    status: 201,
    headers: { Location: `http://${registry.address}/v2/${name}/manifests/${digest}`, "Docker-Content-Digest": digest },
  };
}

function deleteManifest({ registry, repository }: RegistryCall, reference: string): RegistryAnswer {
  if (!DIGEST.test(reference)) return refusal(400, "DIGEST_INVALID");
  return registry.removeManifest(repository, reference) ? { status: 202 } : refusal(404, "MANIFEST_UNKNOWN");
}

function parseManifest(text: string): Manifest | null {
  return Manifest.safeParse(parseJson(text)).data ?? null;
}

/** What a manifest says that no simulated engine has pushed: its containers are made as its configuration says. */
function readImage(
  registry: SimulatedRegistry,
  manifest: Manifest,
  digest: string,
  text: string,
  mediaType: string | undefined,
): RegistryImage {
  const config_text = registry.blobs.read(manifest.config.digest)?.toString() ?? null;
  const parsed = z.object({ config: ImageConfig }).safeParse(parseJson(config_text ?? ""));
  return {
    digest,
    image_id: manifest.config.digest,
    config: parsed.data?.config ?? {},
    size_bytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
    layers: manifest.layers.map((layer) => layer.digest),
    files: new Map(),
    manifest: { media_type: mediaType ?? "application/json", text, config_text },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which no schema takes
  }
}
