import type { Daemon } from "../daemon.ts";
import { needSpace } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import { newHexId, shortId } from "../hex-id.ts";
import { type Call, readJson, type Reply } from "../http/call.ts";
import type { ImageRecord } from "../images/image-store.ts";
import { FileLayer, type Files, type MountedFiles } from "../process/file-layer.ts";
import { ensureVolume } from "../volumes/volumes.ts";
import { CreateContainerBody, type HostConfig } from "../wire.ts";
import { checkHostConfig } from "./check-host-config.ts";
import { ContainerLog } from "./container-log.ts";
import { reserveName } from "./container-name.ts";
import type { ContainerConfig, ContainerRecord } from "./container-record.ts";

/** `POST /containers/create`: the name is taken first, so that of racing creates one wins and the rest are conflicts. */
export async function createContainer(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const name = query.get("name") ?? "";
  if (name !== "" && !/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new DockerError(400, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  const { HostConfig: host, ...config } = await readJson(call, CreateContainerBody);
  if (Object.keys(config).length === 1 && config.Image === "" && !host) throw emptyConfig(daemon);
  checkHostConfig(daemon, host ?? {});
  const image = daemon.images.get(config.Image, daemon.generation);

  const id = newHexId();
  const ownName = (name || `simulated_${shortId(id)}`).replace(/^\//, "");
  reserveName(daemon, ownName, id);
  await daemon.takes("create");
  try {
    needSpace(daemon, "mkdir", `overlay2/${id}-init`);
  } catch (error) {
    daemon.containerNames.delete(ownName);
    throw error;
  }
  keepContainer(daemon, newContainer(daemon, { id, name: ownName, image, config, host: host ?? {} }));
  return { status: 201, json: { Id: id, Warnings: [] } };
}

/** A container that the engine makes for itself: of a build's step. */
export function addContainer(daemon: Daemon, asked: Omit<NewContainer, "id" | "name">): ContainerRecord {
  const id = newHexId();
  const name = `simulated_${shortId(id)}`;
  reserveName(daemon, name, id);
  return keepContainer(daemon, newContainer(daemon, { id, name, ...asked }));
}

function keepContainer(daemon: Daemon, container: ContainerRecord): ContainerRecord {
  daemon.containers.set(container.id, container);
  daemon.publishContainer(container, "create");
  daemon.onChange();
  return container;
}

interface NewContainer {
  id: string;
  name: string;
  image: ImageRecord;
  config: ContainerConfig;
  host: HostConfig;
}

function newContainer(daemon: Daemon, { id, name, image, config, host }: NewContainer): ContainerRecord {
  const merged = withImage(config, image);
  const asked = [...(host.Mounts ?? []), ...(host.Binds ?? []).map(readBind)];
  const mounts = [...asked, ...anonymousMounts(daemon, merged, image, asked)];
  const memory = host.Memory ?? 0;
  const swap = memory > 0 && !host.MemorySwap ? { MemorySwap: memory * 2 } : {};
  return {
    id,
    name,
    created_ns: daemon.time.nowNs(),
    image_id: image.id,
    config: merged,
    host: { ...host, ...swap, ...(mounts.length > 0 ? { Mounts: mounts } : {}) },
    status: "created",
    exit_code: 0,
    error: "",
    started_ns: null,
    finished_ns: null,
    restart_count: 0,
    was_stopped_by_hand: false,
    network: null,
    files: new FileLayer(image.files, mountsOf(daemon, { Mounts: mounts })),
    log: new ContainerLog(),
    process: null,
    pid: 0,
    restart: { delay_ms: 0, is_cancelled: false, cancelTimer: null },
    isBeingStopped: false,
    waiters: [],
    lock: Promise.resolve(),
    exec_ids: [],
    health: null,
  };
}

/** What the container does not say, its image does; an entry point of its own drops the image's command. */
function withImage(config: ContainerConfig, { config: image }: ImageRecord): ContainerConfig {
  const ownNames = new Set((config.Env ?? []).map((line) => line.split("=")[0]));
  const inherited = (image.Env ?? []).filter((line) => !ownNames.has(line.split("=")[0]));
  const hasEntrypoint = (config.Entrypoint ?? []).length > 0;
  const hasCommand = (config.Cmd ?? []).length > 0;
  const merged: ContainerConfig = {
    ...config,
    Env: [...(config.Env ?? []), ...inherited],
    Cmd: hasCommand || hasEntrypoint ? (config.Cmd ?? null) : (image.Cmd ?? null),
    Entrypoint: hasEntrypoint ? (config.Entrypoint ?? null) : (image.Entrypoint ?? null),
    ExposedPorts: { ...image.ExposedPorts, ...config.ExposedPorts },
    Volumes: { ...image.Volumes, ...config.Volumes },
    Labels: { ...image.Labels, ...config.Labels },
    User: config.User || (image.User ?? ""),
    WorkingDir: config.WorkingDir || (image.WorkingDir ?? ""),
  };
  if ((merged.Cmd ?? []).length + (merged.Entrypoint ?? []).length === 0) {
    throw new DockerError(400, "no command specified");
  }
  return merged;
}

type Mount = NonNullable<HostConfig["Mounts"]>[number];

/** `source:target` or `source:target:ro`: a folder of the machine where the source is a path, a volume otherwise. */
function readBind(bind: string): Mount {
  const [Source = "", Target = "", options = ""] = bind.split(":");
  const Type = Source.startsWith("/") ? "bind" : "volume";
  return { Type, Source, Target, ReadOnly: options.split(",").includes("ro"), IsImplied: true };
}

/** A volume of its own for each path that its image wants kept apart, with what the image has there. */
function anonymousMounts(
  daemon: Daemon,
  { Volumes }: ContainerConfig,
  { files }: ImageRecord,
  asked: Mount[],
): Mount[] {
  const mounted = new Set(asked.map((mount) => mount.Target));
  const wanted = Object.keys(Volumes ?? {}).filter((path) => !mounted.has(path));
  return wanted.map((path) => {
    const volume = ensureVolume(daemon, { name: newHexId() });
    for (const [file, content] of files)
      if (file.startsWith(`${path}/`)) volume.files.set(file.slice(path.length), content);
    return { Type: "volume", Source: volume.name, Target: path, IsImplied: true };
  });
}

/** Makes the volumes that are named and not there, as Docker does. */
export function mountsOf(daemon: Daemon, host: HostConfig): MountedFiles[] {
  return (host.Mounts ?? []).map((mount) => ({
    target: mount.Target.replace(/\/$/, ""),
    files: filesOf(daemon, mount),
    isReadOnly: mount.ReadOnly === true,
  }));
}

function filesOf(daemon: Daemon, { Type, Source }: Mount): Files {
  if (Type === "volume") return ensureVolume(daemon, { name: Source }).files;
  const files = (Type === "bind" ? daemon.directories.get(Source) : undefined) ?? new Map<string, Uint8Array>();
  if (Type === "bind") daemon.directories.set(Source, files);
  return files;
}

function emptyConfig({ generation: { isModern } }: Daemon): DockerError {
  return new DockerError(400, `${isModern ? "config" : "Config"} cannot be empty in order to create a container`);
}
