import { DockerError } from "../docker-error.ts";
import { digestOf, shortId } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";
import { describeImage } from "./image-manifest.ts";
import { formatReference, parseReference } from "./image-reference.ts";

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
  if (daemon.options.registry.isReadOnly) {
    const message = "unsupported: The operation is unsupported.";
    await tell({ errorDetail: { message }, error: message });
    body.end();
    return undefined;
  }
  const manifest = describeImage({ image_id: image.id, config: image.config, layers: image.layers });
  const digest = digestOf(manifest.text);
  const size = Buffer.byteLength(manifest.text);
  for (const layer of image.layers) await tell({ status: "Pushed", progressDetail: {}, id: shortId(layer) });
  const { id: image_id, config, size_bytes, layers, files } = image;
  daemon.options.registry.put(reference, { digest, image_id, config, size_bytes, layers, files, manifest });
  daemon.images.references.set(`${reference.repository}@${digest}`, image.id);
  daemon.events.publish("image", "push", formatReference(reference), {
    ...image.config.Labels,
    name: reference.repository,
  });
  daemon.onChange();
  await tell({ status: `${tag}: digest: ${digest} size: ${size}` });
  await tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
  body.end();
  return undefined;
}
