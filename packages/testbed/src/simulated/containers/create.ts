import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { newHexId, shortId } from "../hex-id.ts";
import { type Call, readJson, type Reply } from "../http/call.ts";
import type { ImageRecord } from "../images/image-store.ts";
import { FileLayer, type MountedFiles } from "../process/file-layer.ts";
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
  const container = newContainer(daemon, { id, name: ownName, image, config, host: host ?? {} });
  daemon.containers.set(id, container);
  daemon.publishContainer(container, "create");
  daemon.onChange();
  return { status: 201, json: { Id: id, Warnings: [] } };
}

interface NewContainer {
  id: string;
  name: string;
  image: ImageRecord;
  config: ContainerConfig;
  host: HostConfig;
}

function newContainer(daemon: Daemon, { id, name, image, config, host }: NewContainer): ContainerRecord {
  const memory = host.Memory ?? 0;
  const swap = memory > 0 && !host.MemorySwap ? { MemorySwap: memory * 2 } : {};
  return {
    id,
    name,
    created_ns: daemon.time.nowNs(),
    image_id: image.id,
    config: withImage(config, image),
    host: { ...host, ...swap },
    status: "created",
    exit_code: 0,
    error: "",
    started_ns: null,
    finished_ns: null,
    restart_count: 0,
    was_stopped_by_hand: false,
    network: null,
    files: new FileLayer(image.files, mountsOf(daemon, host)),
    log: new ContainerLog(),
    process: null,
    pid: 0,
    restart: { delay_ms: 0, is_cancelled: false, cancelTimer: null },
    isBeingStopped: false,
    waiters: [],
    lock: Promise.resolve(),
    exec_ids: [],
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
    Labels: { ...image.Labels, ...config.Labels },
    User: config.User || (image.User ?? ""),
    WorkingDir: config.WorkingDir || (image.WorkingDir ?? ""),
  };
  if ((merged.Cmd ?? []).length + (merged.Entrypoint ?? []).length === 0) {
    throw new DockerError(400, "no command specified");
  }
  return merged;
}

/** Makes the volumes that are named and not there, as Docker does. */
export function mountsOf(daemon: Daemon, host: HostConfig): MountedFiles[] {
  return (host.Mounts ?? []).map((mount) => ({
    target: mount.Target.replace(/\/$/, ""),
    files: mount.Type === "volume" ? ensureVolume(daemon, { name: mount.Source }).files : new Map(),
    isReadOnly: mount.ReadOnly === true,
  }));
}

function emptyConfig({ generation: { isModern } }: Daemon): DockerError {
  return new DockerError(400, `${isModern ? "config" : "Config"} cannot be empty in order to create a container`);
}
