import { pause, unpause } from "../containers/pause.ts";
import type { ContainerRecord } from "../containers/container-record.ts";
import type { Daemon } from "../daemon.ts";
import { needSpace } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import { digestOf, newHexId } from "../hex-id.ts";
import { type Call, isSet, readJson, type Reply } from "../http/call.ts";
import { ImageConfig } from "../wire.ts";
import { applyChanges } from "./dockerfile-changes.ts";
import { formatReference, parseReference } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";
import { publishImage, setTag } from "./tag.ts";

/** `POST /commit`: an image of a container's files and settings. What runs is paused meanwhile, unless asked not to. */
export async function commitContainer(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const container = daemon.container(query.get("container") ?? "");
  const body = await readJson(call, ImageConfig);
  // Without a body the changes are to what the container has.
  const asked = applyChanges(Object.keys(body).length > 0 ? body : container.config, query.getAll("changes"));
  const repository = query.get("repo") ?? "";
  const tag = query.get("tag") ?? "";
  const status = daemon.generation.isModern ? 400 : 500;
  const name = `${repository}${tag ? `:${tag}` : ""}`;
  const reference = repository === "" ? null : formatReference(parseReference(name, daemon.generation, status));
  if (container.status === "removing" || container.status === "dead") {
    throw new DockerError(409, `You cannot commit container ${container.id} which is ${container.status}`);
  }
  const isPausing = (query.get("pause") === null || isSet(query, "pause")) && container.status === "running";
  if (isPausing) pause(daemon, container);
  await daemon.takes("commit");
  try {
    needSpace(daemon, "mkdir", `overlay2/${newHexId()}`);
  } catch (error) {
    if (isPausing) unpause(daemon, container);
    throw error;
  }
  const image = newImage(daemon, container, asked, query);
  if (daemon.generation.isModern) publishImage(daemon, image, "create", image.id);
  if (reference) setTag(daemon, reference, image);
  const attributes = { comment: image.comment, imageID: image.id, imageRef: reference ?? "" };
  daemon.publishContainer(container, "commit", attributes);
  // Anyone may have woken it meanwhile: a commit holds no lock.
  if (isPausing && container.status === "paused") unpause(daemon, container);
  daemon.onChange();
  return { status: 201, json: { Id: image.id } };
}

function newImage(daemon: Daemon, container: ContainerRecord, asked: ImageConfig, query: URLSearchParams): ImageRecord {
  const parent = daemon.images.byId.get(container.image_id);
  const files = container.files.committed();
  const created = daemon.time.nowNs();
  const content = [...files].map(([path, bytes]) => `${path}:${Buffer.from(bytes).toString("base64")}`);
  const image: ImageRecord = {
    id: digestOf("commit", container.id, String(created)),
    parent_id: container.image_id,
    config: mergeConfig(asked, container),
    created_ns: created,
    comment: query.get("comment") ?? "",
    author: query.get("author") ?? "",
    size_bytes: (parent?.size_bytes ?? 0) + container.files.sizeBytes(),
    layers: [...(parent?.layers ?? []), digestOf("layer", ...content)],
    files,
    last_tag_ns: null,
  };
  daemon.images.byId.set(image.id, image);
  return image;
}

/** What is asked for goes before what the container has; labels and environment are put together. */
function mergeConfig(asked: ImageConfig, { config }: ContainerRecord): ImageConfig {
  const askedNames = new Set((asked.Env ?? []).map((line) => line.split("=")[0]));
  const hasEntrypoint = (asked.Entrypoint ?? []).length > 0;
  const hasCommand = (asked.Cmd ?? []).length > 0;
  return {
    User: asked.User || (config.User ?? ""),
    ExposedPorts: { ...config.ExposedPorts, ...asked.ExposedPorts },
    Env: [...(asked.Env ?? []), ...(config.Env ?? []).filter((line) => !askedNames.has(line.split("=")[0]))],
    Cmd: hasCommand || hasEntrypoint ? (asked.Cmd ?? null) : (config.Cmd ?? null),
    Entrypoint: hasEntrypoint ? (asked.Entrypoint ?? null) : (config.Entrypoint ?? null),
    Volumes: { ...config.Volumes, ...asked.Volumes },
    WorkingDir: asked.WorkingDir || (config.WorkingDir ?? ""),
    Labels: { ...config.Labels, ...asked.Labels },
    StopSignal: asked.StopSignal || (config.StopSignal ?? null),
  };
}
