import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { formatNs } from "../engine-time.ts";
import { newHexId } from "../hex-id.ts";
import { type Call, isSet, matchesLabels, readFilters, readJson, type Reply } from "../http/call.ts";
import { VolumeBody } from "../wire.ts";
import type { VolumeRecord } from "./volume-record.ts";

interface NewVolume {
  name: string;
  labels?: Record<string, string> | null;
  options?: Record<string, string> | null;
}

/** The volume of that name as it is, or a new one: a name that is taken is no error, and keeps its labels. */
export function ensureVolume(daemon: Daemon, { name, labels = null, options = null }: NewVolume): VolumeRecord {
  const { isModern } = daemon.generation;
  const existing = daemon.volumes.get(name);
  if (!existing || !isModern) daemon.events.publish("volume", "create", name, { driver: "local" });
  if (existing) return existing;
  const volume: VolumeRecord = {
    name,
    driver: "local",
    labels,
    options,
    created_ns: daemon.time.nowNs(),
    files: new Map(),
  };
  daemon.volumes.set(name, volume);
  daemon.onChange();
  return volume;
}

export async function createVolume(call: Call): Promise<Reply> {
  const { daemon } = call;
  const { isModern } = daemon.generation;
  if (!isModern && (await call.body()).length === 0) {
    throw new DockerError(400, "got EOF while reading request body");
  }
  const { Name, Labels, DriverOpts } = await readJson(call, VolumeBody);
  if (Name?.length === 1) {
    const message = `create ${Name}: volume name is too short, names should be at least two alphanumeric characters`;
    throw new DockerError(400, message);
  }
  if (Name && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(Name)) {
    const message =
      `create ${Name}: "${Name}" includes invalid characters for a local volume name, only ` +
      '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path';
    throw new DockerError(400, message);
  }
  const anonymous = Name || !isModern ? {} : { "com.docker.volume.anonymous": "" };
  const labels = Labels || !Name ? { ...anonymous, ...Labels } : null;
  const hasLabels = labels !== null && (Labels || Object.keys(labels).length > 0);
  const volume = ensureVolume(daemon, {
    name: Name || newHexId(),
    labels: hasLabels ? labels : null,
    options: DriverOpts ?? null,
  });
  return { status: 201, json: show(daemon, volume) };
}

export function inspectVolume({ daemon, params }: Call): Reply {
  return { status: 200, json: show(daemon, find(daemon, params["name"] ?? "")) };
}

export function listVolumes(call: Call): Reply {
  const { daemon } = call;
  const filters = readFilters(call, ["dangling", "driver", "label", "name"]);
  const names = filters.get("name") ?? [];
  const volumes = [...daemon.volumes.values()].filter(
    (volume) =>
      matchesLabels(filters.get("label"), volume.labels) &&
      (names.length === 0 || names.some((name) => volume.name.includes(name))) &&
      (filters.get("dangling") ?? []).every(
        (wanted) => (wanted === "true" || wanted === "1") !== isUsed(daemon, volume),
      ),
  );
  return { status: 200, json: { Volumes: volumes.map((volume) => show(daemon, volume)), Warnings: null } };
}

export function removeVolume({ daemon, params, query }: Call): Reply {
  const name = params["name"] ?? "";
  if (!daemon.volumes.has(name) && isSet(query, "force")) return { status: 204 };
  const volume = find(daemon, name);
  const users = usersOf(daemon, volume);
  if (users.length > 0) throw new DockerError(409, `remove ${name}: volume is in use - [${users.join(", ")}]`);
  daemon.volumes.delete(name);
  daemon.events.publish("volume", "destroy", name, { driver: "local" });
  daemon.onChange();
  return { status: 204 };
}

function find(daemon: Daemon, name: string): VolumeRecord {
  const volume = daemon.volumes.get(name);
  if (!volume) throw new DockerError(404, `get ${name}: no such volume`);
  return volume;
}

function isUsed(daemon: Daemon, volume: VolumeRecord): boolean {
  return usersOf(daemon, volume).length > 0;
}

function usersOf(daemon: Daemon, volume: VolumeRecord): string[] {
  return [...daemon.containers.values()]
    .filter((container) => (container.host.Mounts ?? []).some((mount) => mount.Source === volume.name))
    .map((container) => container.id);
}

function show(daemon: Daemon, volume: VolumeRecord): unknown {
  return {
    CreatedAt: `${formatNs(volume.created_ns).slice(0, 19)}Z`,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: `${daemon.root_dir}/volumes/${volume.name}/_data`,
    Name: volume.name,
    Options: volume.options,
    Scope: "local",
  };
}
