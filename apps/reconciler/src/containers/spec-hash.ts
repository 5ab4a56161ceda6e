import { createHash } from "node:crypto";
import type { ContainerSpec, PortBinding } from "@berth/spec/container.ts";
import type { Mount } from "@berth/spec/mount.ts";

/**
 * What an engine fixes at create. `cpus`, `memory` and the name are not here: they change in place.
 * A field is left out of the hash while it has its default, so that a release that adds a field recreates nothing.
 */
export interface CreateOnly {
  image_id: number;
  /** Another number by an owner who wants the same again, fresh. */
  incarnation: number;
  spec: ContainerSpec;
  gpu_uuids: readonly string[];
  ports: readonly PortBinding[];
}

const VERSION = "1";

/** `1:<hex>`, the label `berth.spec`. A later version must go on comparing labels of the earlier ones. */
export function specHashOf({ image_id, incarnation, spec, gpu_uuids, ports }: CreateOnly): string {
  const fields: [string, unknown, unknown][] = [
    ["image_id", image_id, undefined],
    ["incarnation", incarnation, 0],
    ["command", spec.command, null],
    ["entrypoint", spec.entrypoint, null],
    ["working_dir", spec.working_dir, null],
    ["env", Object.entries(spec.env).sort(byKey), []],
    ["tty", spec.tty, true],
    ["shm", spec.shm, null],
    ["restart", spec.restart, "unless-stopped"],
    ["gpus", [...gpu_uuids].sort(), []],
    ["ports", ports.map((port) => `${port.host_port}:${port.container_port}/${port.protocol}`).sort(), []],
    ["mounts", spec.mounts.map(mountText).sort(), []],
  ];
  const set = fields.filter(([, value, initial]) => JSON.stringify(value) !== JSON.stringify(initial));
  const text = JSON.stringify(set.map(([name, value]) => [name, value]));
  return `${VERSION}:${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

/** No name of a storage has a colon, and no two mounts one path. */
const mountText = ({ storage, path, read_only }: Mount): string => `${storage}:${read_only ? "ro" : "rw"}:${path}`;
const byKey = (a: [string, string], b: [string, string]): number => (a[0] < b[0] ? -1 : 1);
