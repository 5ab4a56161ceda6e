import { DockerError } from "../docker-error.ts";
import { digestOf, shortId } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";
import { formatReference, parseReference } from "./image-reference.ts";

/** A manifest of one layer is about this long. */
const MANIFEST_BYTES = 528;

/** `POST /images/:name/push`: the registry has it from then on, for every engine that shares it. */
export async function pushImage(call: Call): Promise<Reply> {
  const { daemon, params, query } = call;
  const tag = query.get("tag") || "latest";
  const reference = parseReference(`${params["name"] ?? ""}:${tag}`, daemon.generation);
  const image = daemon.images.byId.get(daemon.images.references.get(formatReference(reference)) ?? "");
  if (!image) {
    throw new DockerError(404, `An image does not exist locally with the tag: ${reference.repository}`);
  }
  const body = call.stream(200, { "Content-Type": "application/json" });
  const tell = (progress: object): Promise<void> => body.write(`${JSON.stringify(progress)}\r\n`);
  await tell({ status: `The push refers to repository [${reference.repository}]` });
  for (const layer of image.layers) await tell({ status: "Preparing", progressDetail: {}, id: shortId(layer) });
  await daemon.takes("push");
  if (call.client.aborted) return undefined; // the client has gone: the push goes with it
  const digest = digestOf("manifest", image.id);
  for (const layer of image.layers) await tell({ status: "Pushed", progressDetail: {}, id: shortId(layer) });
  const { id: image_id, config, size_bytes, layers, files } = image;
  daemon.options.registry.put(reference, { digest, image_id, config, size_bytes, layers, files });
  daemon.images.references.set(`${reference.repository}@${digest}`, image.id);
  daemon.events.publish("image", "push", formatReference(reference), {
    ...image.config.Labels,
    name: reference.repository,
  });
  daemon.onChange();
  await tell({ status: `${tag}: digest: ${digest} size: ${MANIFEST_BYTES}` });
  await tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: MANIFEST_BYTES } });
  body.end();
  return undefined;
}
