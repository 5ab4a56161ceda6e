import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { ResolvedMount } from "@berth/db/storages/resolve-mounts.ts";
import type { CreateContainerBody, EngineMount } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { DesiredContainer } from "../plan/types.ts";
import type { Owner } from "./ownership.ts";

const MIB = 1_048_576;
/** Processes and threads: a fork bomb takes no more than its own container. */
const PIDS = 32_768;

/**
 * The body of `POST /containers/create`. A field that is added here recreates nothing: drift is told by the hash of the
 * spec, never by comparing bodies.
 */
export function createBody(
  row: ContainerRow,
  desired: DesiredContainer,
  owner: Owner,
  machineMemoryBytes: number,
): CreateContainerBody {
  const { spec, placement } = row;
  const mounts = row.mounts.flatMap(toEngineMount);
  const { memoryBytes, nanoCpus } = desired.limits;
  return {
    Image: desired.image.reference,
    ...(spec.command && { Cmd: spec.command }),
    ...(spec.entrypoint && { Entrypoint: spec.entrypoint }),
    ...(spec.working_dir !== null && { WorkingDir: spec.working_dir }),
    Hostname: row.name,
    Env: [...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`), ...gpuEnv(placement.gpu_uuids)],
    Labels: {
      [LABEL.installation]: owner.installation,
      [LABEL.machine]: owner.machine_id,
      [LABEL.uid]: row.uid,
      [LABEL.generation]: String(row.generation),
      [LABEL.spec]: desired.specHash,
      ...(placement.gpu_uuids.length > 0 && { [LABEL.gpus]: placement.gpu_uuids.join(",") }),
    },
    Tty: spec.tty,
    OpenStdin: spec.tty,
    ExposedPorts: Object.fromEntries(placement.ports.map((port) => [`${port.container_port}/${port.protocol}`, {}])),
    HostConfig: {
      Init: true,
      PidsLimit: PIDS,
      // Never `always`: after a crash of the engine it brings back what was stopped through the API.
      RestartPolicy: { Name: spec.restart },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      ShmSize: shmBytes(spec.shm, memoryBytes || machineMemoryBytes),
      // Memory and swap together: no swap.
      ...(memoryBytes > 0 && { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(nanoCpus > 0 && { NanoCpus: nanoCpus }),
      ...(mounts.length > 0 && { Mounts: mounts }),
      PortBindings: Object.fromEntries(
        placement.ports.map((port) => [
          `${port.container_port}/${port.protocol}`,
          [{ HostPort: String(port.host_port) }],
        ]),
      ),
      // By uuid: Docker's own count always means GPUs 0 to n-1.
      ...(placement.gpu_uuids.length > 0 && {
        DeviceRequests: [
          { Driver: "nvidia", DeviceIDs: placement.gpu_uuids, Capabilities: [["gpu", "compute", "utility"]] },
        ],
      }),
    },
  };
}

/** Last in the list, so that it wins over the image's: with nvidia as default runtime, `all` there would take every GPU. */
const gpuEnv = (uuids: readonly string[]): string[] => [
  `NVIDIA_VISIBLE_DEVICES=${uuids.length > 0 ? uuids.join(",") : "void"}`,
];

/** Half the memory, as training frameworks want it, where the owner did not say. */
const shmBytes = (shm: number | null, memoryBytes: number): number =>
  shm === null ? Math.max(64 * MIB, Math.floor(memoryBytes / 2)) : shm * MIB;

/**
 * Not `Binds`, by which an engine makes a directory that is not there: a disk that is not mounted would look like an empty
 * one. What is mounted further down in a read-only one an engine may leave writable (20.10 always does), so it is not shown.
 */
function toEngineMount({ path, read_only, source }: ResolvedMount): EngineMount[] {
  if (source === null) return [];
  const both = { Target: path, ReadOnly: read_only };
  return source.type === "volume"
    ? [{ Type: "volume", Source: source.name, ...both, VolumeOptions: { NoCopy: true } }]
    : [{ Type: "bind", Source: source.path, ...both, ...(read_only && { BindOptions: { NonRecursive: true } }) }];
}
