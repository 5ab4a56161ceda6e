import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { formatNs, secondsOf, ZERO_TIME } from "../engine-time.ts";
import { type Call, isSet, matchesLabels, readFilters, type Reply } from "../http/call.ts";
import { repositoryOf } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";

/** `GET /images/:name/json`. */
export async function inspectImage({ daemon, params }: Call): Promise<Reply> {
  const name = params["name"] ?? "";
  await daemon.takes("image_inspect");
  try {
    const image = daemon.images.get(name, daemon.generation);
    return { status: 200, json: show(daemon, image) };
  } catch (error) {
    if (!(error instanceof DockerError) || daemon.generation.isModern) throw error;
    throw new DockerError(404, `no such image: ${name}: ${error.message}`);
  }
}

/** `GET /images/json`, newest first. */
export function listImages(call: Call): Reply {
  const { daemon } = call;
  const filters = readFilters(call, ["dangling", "label", "before", "since", "reference", "until"]);
  const wanted = filters.get("reference");
  const images = [...daemon.images.byId.values()]
    .filter((image) => matchesLabels(filters.get("label"), image.config.Labels))
    .filter(
      (image) => !wanted || daemon.images.tagsOf(image.id).some((tag) => wanted.some((name) => isNamed(tag, name))),
    )
    .filter((image) =>
      (filters.get("dangling") ?? []).every(
        (text) => isSet(new URLSearchParams({ text }), "text") === isDangling(daemon, image),
      ),
    )
    .filter((image) => isSet(call.query, "all") || !isIntermediate(daemon, image))
    .toSorted((left, right) => (left.created_ns < right.created_ns ? 1 : -1));
  // Who asks for names is told no others.
  const isShown = (name: string): boolean => !wanted || wanted.some((other) => isNamed(name, other));
  return { status: 200, json: images.map((image) => summarize(daemon, image, isShown)) };
}

/** `GET /images/:name/history`, newest layer first. */
export function imageHistory({ daemon, params }: Call): Reply {
  const steps: unknown[] = [];
  let image: ImageRecord | null = daemon.images.get(params["name"] ?? "", daemon.generation);
  while (image) {
    const parent: ImageRecord | null = daemon.images.byId.get(image.parent_id ?? "") ?? null;
    steps.push({
      Comment: image.comment,
      Created: secondsOf(image.created_ns),
      CreatedBy: (image.config.Cmd ?? []).join(" "),
      Id: image.id,
      Size: image.size_bytes - (parent?.size_bytes ?? 0),
      Tags: daemon.images.tagsOf(image.id),
    });
    image = parent;
  }
  return { status: 200, json: steps };
}

function isDangling(daemon: Daemon, image: ImageRecord): boolean {
  return daemon.images.tagsOf(image.id).length === 0 && daemon.images.digestsOf(image.id).length === 0;
}

/** Without a name, and another image stands on it. */
function isIntermediate(daemon: Daemon, image: ImageRecord): boolean {
  return isDangling(daemon, image) && daemon.images.childrenOf(image.id).length > 0;
}

/** `name`, `name:tag`, or either with `*`. */
function isNamed(tag: string, wanted: string): boolean {
  const pattern = new RegExp(`^${wanted.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}$`);
  return pattern.test(tag) || pattern.test(repositoryOf(tag));
}

function showConfig({ config }: ImageRecord): unknown {
  return {
    Cmd: config.Cmd ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Env: config.Env ?? null,
    ...(Object.keys(config.ExposedPorts ?? {}).length > 0 ? { ExposedPorts: config.ExposedPorts } : {}),
    Labels: config.Labels ?? null,
    OnBuild: null,
    User: config.User ?? "",
    Volumes: Object.keys(config.Volumes ?? {}).length > 0 ? config.Volumes : null,
    WorkingDir: config.WorkingDir ?? "",
  };
}

function show(daemon: Daemon, image: ImageRecord): unknown {
  const old = daemon.generation.isModern ? {} : { Container: "", ContainerConfig: null, VirtualSize: image.size_bytes };
  return {
    Id: image.id,
    RepoTags: daemon.images.tagsOf(image.id),
    RepoDigests: daemon.images.digestsOf(image.id),
    Parent: image.parent_id ?? "",
    Comment: image.comment,
    Created: formatNs(image.created_ns),
    ...old,
    DockerVersion: daemon.generation.server_version,
    Author: image.author,
    Architecture: "amd64",
    Os: "linux",
    Size: image.size_bytes,
    GraphDriver: { Data: null, Name: "overlay2" },
    RootFS: { Type: "layers", Layers: image.layers },
    Metadata: { LastTagTime: image.last_tag_ns === null ? ZERO_TIME : formatNs(image.last_tag_ns) },
    Config: showConfig(image),
  };
}

function summarize(daemon: Daemon, image: ImageRecord, isShown: (name: string) => boolean): unknown {
  const { isModern } = daemon.generation;
  const tags = daemon.images.tagsOf(image.id).filter(isShown);
  const digests = daemon.images.digestsOf(image.id).filter(isShown);
  const users = [...daemon.containers.values()].filter((container) => container.image_id === image.id).length;
  const isOldDangling = !isModern && isDangling(daemon, image);
  return {
    Containers: isModern ? users : -1,
    Created: secondsOf(image.created_ns),
    Id: image.id,
    Labels: image.config.Labels ?? null,
    ParentId: image.parent_id ?? "",
    RepoDigests: isOldDangling ? ["<none>@<none>"] : isModern || digests.length > 0 ? digests : null,
    RepoTags: isOldDangling ? ["<none>:<none>"] : tags,
    SharedSize: -1,
    Size: image.size_bytes,
    ...(isModern ? {} : { VirtualSize: image.size_bytes }),
  };
}
