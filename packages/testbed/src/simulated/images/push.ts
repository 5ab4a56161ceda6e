import type { Daemon } from "../daemon.ts";
import { needSpace } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import { digestOf, shortId } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";
import { describeImage } from "./image-manifest.ts";
import { formatReference, type ImageReference, parseReference } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";
import { refuseUnreachable, shownRepository, showBar } from "./pull.ts";

/** Progress of a layer is told in this many steps. */
const STEPS = 4;

/**
 * `POST /images/:name/push`: the registry has it from then on, for every engine that shares it. All that goes wrong is
 * told in the stream, after an answer that began well.
 */
export async function pushImage(call: Call): Promise<Reply> {
  const { daemon, params, query, headers } = call;
  const tag = query.get("tag") || "latest";
  const reference = parseReference(`${params["name"] ?? ""}:${tag}`, daemon.generation);
  if (!daemon.generation.isModern && headers["x-registry-auth"] === undefined) {
    throw new DockerError(400, "Bad parameters and missing X-Registry-Auth: EOF");
  }
  const body = call.stream(200, { "Content-Type": "application/json" });
  const tell = (progress: object): Promise<void> => body.write(`${JSON.stringify(progress)}\r\n`);
  await tell({ status: `The push refers to repository [${reference.repository}]` });
  try {
    const image = findTagged(daemon, reference);
    refuseUnreachable(daemon, reference);
    if (daemon.options.registry.isReadOnly) throw new DockerError(405, "unsupported: The operation is unsupported.");
    await sendLayers(call, reference, image, tell);
    needSpace(daemon, "mkdir", "image/overlay2/distribution/v2metadata-by-diffid");
    if (call.client.aborted) return undefined; // the client has gone: the push goes with it
    const { digest, size } = keepInRegistry(daemon, reference, image);
    await tell({ status: `${tag}: digest: ${digest} size: ${size}` });
    await tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await tell({ errorDetail: { message }, error: message });
  }
  body.end();
  return undefined;
}

function findTagged({ images }: Daemon, reference: ImageReference): ImageRecord {
  const name = formatReference(reference);
  const image = images.byId.get(images.references.get(name) ?? "");
  if (image) return image;
  const isKnown = [...images.references.keys()].some((other) => other.startsWith(`${reference.repository}:`));
  const absent = `An image does not exist locally with the tag: ${reference.repository}`;
  throw new DockerError(404, isKnown ? `tag does not exist: ${name}` : absent);
}

async function sendLayers(
  call: Call,
  reference: ImageReference,
  image: ImageRecord,
  tell: (progress: object) => Promise<void>,
): Promise<void> {
  const { timings, clock, registry } = call.daemon.options;
  for (const layer of image.layers) await tell({ status: "Preparing", progressDetail: {}, id: shortId(layer) });
  const holders = image.layers.map((layer) => registry.holderOf(layer, reference));
  const toSend = holders.filter((holder) => holder === null).length;
  for (const [index, layer] of image.layers.entries()) {
    const id = shortId(layer);
    const holder = holders[index] ?? null;
    const isHere = holder?.repository === reference.repository;
    if (holder) {
      const status = isHere ? "Layer already exists" : `Mounted from ${shownRepository(holder)}`;
      await tell({ status, progressDetail: {}, id });
      continue;
    }
    const total = sizeOfLayer(call.daemon, image, index);
    for (let step = 1; step <= STEPS; step++) {
      if (call.client.aborted) return;
      const current = Math.floor((total * step) / STEPS);
      await tell({ status: "Pushing", progressDetail: { current, total }, progress: showBar(current, total), id });
      const ms = (timings.push ?? 0) / STEPS / toSend;
      if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
    }
    await tell({ status: "Pushed", progressDetail: {}, id });
  }
}

/** What an image adds to its parent is shared out among the layers that it adds. */
function sizeOfLayer({ images }: Daemon, image: ImageRecord, index: number): number {
  let top = image;
  for (let parent = parentOf(top); parent && index < parent.layers.length; parent = parentOf(top)) top = parent;
  const below = parentOf(top);
  const added = top.layers.length - (below?.layers.length ?? 0);
  return Math.max(1, Math.floor((top.size_bytes - (below?.size_bytes ?? 0)) / added));

  function parentOf({ parent_id }: ImageRecord): ImageRecord | undefined {
    return images.byId.get(parent_id ?? "");
  }
}

function keepInRegistry(
  daemon: Daemon,
  reference: ImageReference,
  image: ImageRecord,
): { digest: string; size: number } {
  const manifest = describeImage({ image_id: image.id, config: image.config, layers: image.layers });
  const digest = digestOf(manifest.text);
  const { id: image_id, config, size_bytes, layers, files } = image;
  daemon.options.registry.put(reference, { digest, image_id, config, size_bytes, layers, files, manifest });
  daemon.images.references.set(`${reference.repository}@${digest}`, image.id);
  daemon.events.publish("image", "push", formatReference(reference), {
    ...image.config.Labels,
    name: reference.repository,
  });
  daemon.onChange();
  return { digest, size: Buffer.byteLength(manifest.text) };
}
