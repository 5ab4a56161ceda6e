import type { Daemon } from "../daemon.ts";
import { needSpace } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import { shortId } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";
import { formatReference, type ImageReference, parseReference } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";
import type { RegistryImage } from "./simulated-registry.ts";
import { publishImage } from "./tag.ts";

/** Progress is told in this many steps. */
const STEPS = 4;

/**
 * `POST /images/create?fromImage=…`: what the registry does not have is refused with a status of its own, everything
 * after that can only be told in the stream.
 */
export async function pullImage(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const reference = readReference(call, query.get("fromImage") ?? "", query.get("tag") ?? "");
  const name = formatReference(reference);
  const found = findInRegistry(daemon, reference);

  const body = call.stream(200, { "Content-Type": "application/json" });
  const tell = (progress: object): Promise<void> => body.write(`${JSON.stringify(progress)}\r\n`);
  await tell({
    status: `Pulling from ${shownRepository(reference)}`,
    id: reference.digest ? name : (reference.tag ?? "latest"),
  });
  const isNew = daemon.images.references.get(name) !== found.image_id;
  try {
    if (!daemon.images.byId.has(found.image_id)) await download(call, found, tell);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await tell({ errorDetail: { message }, error: message });
    body.end();
    return undefined;
  }
  if (body.isOver && call.client.aborted) return undefined; // the client has gone: the pull goes with it
  const image = keep(daemon, found);
  daemon.images.references.set(name, image.id);
  daemon.images.references.set(`${reference.repository}@${found.digest}`, image.id);
  publishImage(daemon, image, "pull", reference.digest ? name : reference.repository);
  daemon.onChange();
  await tell({ status: `Digest: ${found.digest}` });
  await tell({ status: `Status: ${isNew ? "Downloaded newer image" : "Image is up to date"} for ${name}` });
  body.end();
  return undefined;
}

/** Throws what Docker says of a registry that is not there, or that has no such image. */
function findInRegistry(daemon: Daemon, reference: ImageReference): RegistryImage {
  refuseUnreachable(daemon, reference);
  const found = daemon.options.registry.find(reference);
  if (found) return found;
  throw new DockerError(
    404,
    `manifest for ${formatReference(reference)} not found: manifest unknown: manifest unknown`,
  );
}

export function refuseUnreachable(daemon: Daemon, reference: ImageReference): void {
  const host = registryHost(reference);
  if (host === null || daemon.options.registry.hasHost(host)) return;
  const scheme = host.startsWith("127.") ? "http" : "https"; // what every engine takes for insecure
  throw new DockerError(500, `Get "${scheme}://${host}/v2/": dial tcp ${host}: connect: connection refused`);
}

/** What a build starts from: the engine's own image, or else the registry's, of whose pull little is told. */
export function findOrPull(daemon: Daemon, name: string, tell: (progress: object) => void): ImageRecord {
  const held = daemon.images.find(name, daemon.generation);
  if (held) return held;
  const reference = withLatest(parseReference(name, daemon.generation));
  const found = findInRegistry(daemon, reference);
  tell({ status: `Pulling from ${shownRepository(reference)}`, id: reference.tag ?? formatReference(reference) });
  const image = keep(daemon, found);
  daemon.images.references.set(formatReference(reference), image.id);
  daemon.images.references.set(`${reference.repository}@${found.digest}`, image.id);
  publishImage(daemon, image, "pull", reference.repository);
  tell({ status: `Digest: ${found.digest}` });
  tell({ status: `Status: Downloaded newer image for ${formatReference(reference)}` });
  return image;
}

function readReference(call: Call, from: string, tag: string): ImageReference {
  const { generation } = call.daemon;
  if (from === "") throw new DockerError(500, 'Get "http:": http: no Host in request URL');
  if (tag === "") return withLatest(parseReference(from, generation));
  return parseReference(tag.startsWith("sha256:") ? `${from}@${tag}` : `${from}:${tag}`, generation);
}

function withLatest(reference: ImageReference): ImageReference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: "latest" };
}

/** Null is Docker Hub. */
function registryHost({ repository }: Pick<ImageReference, "repository">): string | null {
  const [first = "", ...rest] = repository.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : null;
}

/** Without the registry's host; Docker Hub's own images stand under `library/`. */
export function shownRepository(reference: Pick<ImageReference, "repository">): string {
  const { repository } = reference;
  const host = registryHost(reference);
  if (host) return repository.slice(host.length + 1);
  return repository.includes("/") ? repository : `library/${repository}`;
}

async function download(call: Call, found: RegistryImage, tell: (progress: object) => Promise<void>): Promise<void> {
  const { daemon } = call;
  const totalMs = daemon.options.timings.pull ?? 0;
  const id = shortId(found.layers.at(-1) ?? found.image_id);
  const total = found.size_bytes;
  await tell({ status: "Pulling fs layer", progressDetail: {}, id });
  needSpace(daemon, "write", "tmp/GetImageBlob1");
  for (let step = 1; step <= STEPS; step++) {
    if (call.client.aborted) return;
    const current = Math.floor((total * step) / STEPS);
    await tell({ status: "Downloading", progressDetail: { current, total }, progress: showBar(current, total), id });
    if (totalMs > 0) await new Promise<void>((resolve) => daemon.options.clock.after(totalMs / STEPS, resolve));
  }
  await tell({ status: "Verifying Checksum", progressDetail: {}, id });
  await tell({ status: "Download complete", progressDetail: {}, id });
  await tell({ status: "Extracting", progressDetail: { current: total, total }, progress: showBar(total, total), id });
  await tell({ status: "Pull complete", progressDetail: {}, id });
}

export function showBar(current: number, total: number): string {
  const filled = Math.floor((50 * current) / Math.max(1, total));
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(4)}MB`;
  return `[${"=".repeat(filled)}>${" ".repeat(50 - filled)}]  ${megabytes(current)}/${megabytes(total)}`;
}

/** The image as this engine holds it from now on. */
export function keep(daemon: Daemon, found: RegistryImage): ImageRecord {
  const existing = daemon.images.byId.get(found.image_id);
  if (existing) return existing;
  const image: ImageRecord = {
    id: found.image_id,
    parent_id: null,
    config: found.config,
    created_ns: daemon.time.nowNs(),
    comment: "",
    author: "",
    size_bytes: found.size_bytes,
    layers: found.layers,
    files: found.files,
    last_tag_ns: null,
  };
  daemon.images.byId.set(image.id, image);
  return image;
}
