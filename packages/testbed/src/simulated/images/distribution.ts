import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { describeImage } from "./image-manifest.ts";
import { parseReference } from "./image-reference.ts";
import { refuseUnreachable } from "./pull.ts";

/** `GET /distribution/:name/json`: what the registry says of an image, as this engine reaches it. */
export async function inspectDistribution({ daemon, params }: Call): Promise<Reply> {
  await daemon.takes("distribution");
  const reference = parseReference(params["name"] ?? "", daemon.generation);
  refuseUnreachable(daemon, reference);
  const found = daemon.options.registry.find(reference);
  if (!found) throw new DockerError(404, "manifest unknown: manifest unknown");
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const descriptor = { mediaType, digest: found.digest, size: Buffer.byteLength(describeImage(found).text) };
  return { status: 200, json: { Descriptor: descriptor, Platforms: [{ architecture: "amd64", os: "linux" }] } };
}
