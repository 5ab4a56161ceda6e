import { z } from "zod";
import { ContainerLog } from "./containers/container-log.ts";
import type { ContainerRecord } from "./containers/container-record.ts";
import { mountsOf } from "./containers/create.ts";
import type { Daemon } from "./daemon.ts";
import { FileLayer, type Files } from "./process/file-layer.ts";
import { CreateContainerBody, HostConfig, ImageConfig } from "./wire.ts";

/** Of each container, the newest of its log that outlives the engine's process. */
const KEPT_LOG_LINES = 200;

const Ns = z.string().transform((text) => BigInt(text));
const Bytes = z.string().transform((text): Uint8Array => Buffer.from(text, "base64"));
export const FileEntries = z.array(z.tuple([z.string(), Bytes]));

const Container = z.object({
  id: z.string(),
  name: z.string(),
  created_ns: Ns,
  image_id: z.string(),
  config: CreateContainerBody.omit({ HostConfig: true }),
  host: HostConfig,
  status: z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]),
  exit_code: z.int(),
  error: z.string(),
  started_ns: Ns.nullable(),
  finished_ns: Ns.nullable(),
  restart_count: z.int(),
  was_stopped_by_hand: z.boolean(),
  files: z.array(z.tuple([z.string(), Bytes.nullable()])),
  log: z.array(z.object({ stream: z.enum(["stdout", "stderr"]), time_ns: Ns, line: Bytes })),
});

const Image = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  config: ImageConfig,
  created_ns: Ns,
  comment: z.string(),
  author: z.string(),
  size_bytes: z.number(),
  layers: z.array(z.string()),
  files: FileEntries,
  last_tag_ns: Ns.nullable(),
});

const Volume = z.object({
  name: z.string(),
  driver: z.string(),
  labels: z.record(z.string(), z.string()).nullable(),
  options: z.record(z.string(), z.string()).nullable(),
  created_ns: Ns,
  files: FileEntries,
});

const State = z.object({
  version: z.literal(1),
  volumes: z.array(Volume),
  directories: z.array(z.object({ path: z.string(), files: FileEntries })).default([]),
  images: z.array(Image),
  references: z.array(z.tuple([z.string(), z.string()])),
  containers: z.array(Container),
});

/** What the engine holds, as JSON. Files are written in base64, times in nanoseconds as text. */
export function writeState(daemon: Daemon): string {
  const state = {
    version: 1,
    volumes: [...daemon.volumes.values()].map((volume) => ({ ...volume, files: encodeFiles(volume.files) })),
    directories: [...daemon.directories].map(([path, files]) => ({ path, files: encodeFiles(files) })),
    images: [...daemon.images.byId.values()].map((image) => ({ ...image, files: encodeFiles(image.files) })),
    references: [...daemon.images.references],
    containers: [...daemon.containers.values()].map((container) => ({
      ...pick(container),
      files: encodeFiles(container.files.changes()),
      log: container.log
        .records()
        .slice(-KEPT_LOG_LINES)
        .map((record) => ({ ...record, line: encode(record.line) })),
    })),
  };
  const text = JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  return `${text}\n`;
}

export function encodeFiles(files: Iterable<[string, Uint8Array | null]>): [string, string | null][] {
  return [...files].map(([path, content]) => [path, content && encode(content)]);
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Fills a new daemon. What ran is left as `running` without a process: {@link resumeContainers} decides about it. */
export function restoreState(daemon: Daemon, text: string): void {
  const state = State.parse(JSON.parse(text));
  for (const volume of state.volumes) daemon.volumes.set(volume.name, { ...volume, files: new Map(volume.files) });
  for (const { path, files } of state.directories) daemon.directories.set(path, new Map(files));
  for (const image of state.images) daemon.images.byId.set(image.id, { ...image, files: new Map(image.files) });
  for (const [reference, id] of state.references) daemon.images.references.set(reference, id);
  for (const { files, log, ...saved } of state.containers) {
    const base: Files = daemon.images.byId.get(saved.image_id)?.files ?? new Map();
    const layer = new FileLayer(base, mountsOf(daemon, saved.host));
    for (const [path, content] of files) layer.write(path, content);
    const container: ContainerRecord = {
      ...saved,
      files: layer,
      log: new ContainerLog(),
      network: null,
      process: null,
      pid: 0,
      restart: { delay_ms: 0, is_cancelled: false, cancelTimer: null },
      isBeingStopped: false,
      waiters: [],
      lock: Promise.resolve(),
      exec_ids: [],
      health: null,
    };
    container.log.restore(log);
    daemon.containers.set(container.id, container);
    daemon.containerNames.set(container.name, container.id);
  }
}

function pick(container: ContainerRecord): object {
  const { id, name, created_ns, image_id, config, host, status, exit_code, error } = container;
  const { started_ns, finished_ns, restart_count, was_stopped_by_hand } = container;
  const times = { created_ns, started_ns, finished_ns };
  return { id, name, image_id, config, host, status, exit_code, error, restart_count, was_stopped_by_hand, ...times };
}
