import type { Container, ContainerSpec, OnDrain, OnLoss } from "@berth/spec/container.ts";
import type { ContainerPort, RestartPolicy } from "@berth/spec/create-params.ts";
import { isSame } from "@berth/spec/fixed-at-create.ts";
import type { Mount } from "@berth/spec/mount.ts";
import { formatArguments, formatEnv, parseArguments, parseEnv } from "../../../lib/typed-lines.ts";

/** What `gpu_type` of the form says beside a type. */
export const NO_GPU = "";
export const ANY_GPU = "*";
/** The very ones that it names already. */
export const NAMED_GPUS = "=";

/** The form: a field is called as it is in the request, so that a fault of the one is shown at the other. */
export interface ContainerWish {
  name: string;
  display_name?: string;
  image?: string;
  machine_id?: string;
  gpu_type: string;
  gpu_count: number;
  cpus: number | null;
  memory: number | null;
  shm: number | null;
  command: string;
  entrypoint: string;
  working_dir: string;
  env: string;
  tty: boolean;
  ports: ContainerPort[];
  mounts: Mount[];
  restart: RestartPolicy;
  on_loss: OnLoss;
  on_drain: OnDrain;
  desired: "running" | "stopped";
}

type SpecFields = Pick<
  ContainerWish,
  | "gpu_type"
  | "gpu_count"
  | "cpus"
  | "memory"
  | "shm"
  | "command"
  | "entrypoint"
  | "working_dir"
  | "env"
  | "tty"
  | "ports"
  | "mounts"
  | "restart"
>;

/** A spec as the form shows it. */
export const fieldsOf = (spec: ContainerSpec): SpecFields => ({
  gpu_type: gpuTypeOf(spec),
  gpu_count: Math.max(1, spec.gpu_count),
  cpus: spec.cpus,
  memory: spec.memory,
  shm: spec.shm,
  command: formatArguments(spec.command),
  entrypoint: formatArguments(spec.entrypoint),
  working_dir: spec.working_dir ?? "",
  env: formatEnv(spec.env),
  tty: spec.tty,
  ports: spec.ports,
  mounts: spec.mounts,
  restart: spec.restart,
});

export const wishOf = (container: Container): ContainerWish => ({
  name: container.name,
  display_name: container.display_name ?? "",
  image: container.image,
  on_loss: container.on_loss,
  on_drain: container.on_drain,
  desired: container.desired === "running" ? "running" : "stopped",
  ...fieldsOf(container.spec),
});

function gpuTypeOf({ gpu_uuids, gpu_count, gpu_type }: ContainerSpec): string {
  if (gpu_uuids !== null) return NAMED_GPUS;
  return gpu_count === 0 ? NO_GPU : (gpu_type ?? ANY_GPU);
}

/** What the form says of a spec, as far as it is another than `before`. */
export function changesOf(before: ContainerSpec, wish: SpecFields): Partial<ContainerSpec> {
  const after: Partial<ContainerSpec> = {
    ...gpusOf(wish),
    cpus: wish.cpus ?? null,
    memory: wish.memory ?? null,
    shm: wish.shm ?? null,
    command: parseArguments(wish.command),
    entrypoint: parseArguments(wish.entrypoint),
    working_dir: wish.working_dir === "" ? null : wish.working_dir,
    env: parseEnv(wish.env),
    tty: wish.tty,
    ports: wish.ports,
    mounts: wish.mounts,
    restart: wish.restart,
  };
  return Object.fromEntries(
    Object.entries(after).filter(([field, value]) => !isSame(value, before[field as keyof ContainerSpec])),
  );
}

function gpusOf({ gpu_type, gpu_count }: SpecFields): Partial<ContainerSpec> {
  if (gpu_type === NAMED_GPUS) return {};
  if (gpu_type === NO_GPU) return { gpu_count: 0, gpu_type: null, gpu_uuids: null };
  return { gpu_count, gpu_type: gpu_type === ANY_GPU ? null : gpu_type, gpu_uuids: null };
}
