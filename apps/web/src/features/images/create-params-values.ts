import type { ContainerPort, CreateParams } from "@berth/spec/create-params.ts";
import { formatArguments, formatEnv, parseArguments, parseEnv } from "../../lib/typed-lines.ts";

/** An image's dictionary as its form has it: texts of several lines, and nothing where nothing is said. */
export interface ParamsValues {
  command?: string;
  entrypoint?: string;
  working_dir?: string;
  env?: string;
  ports?: ContainerPort[];
  tty?: boolean;
  gpu_count?: number | null;
  gpu_type?: string;
  cpus?: number | null;
  memory?: number | null;
  shm?: number | null;
  restart?: CreateParams["restart"];
}

export function toValues(params: CreateParams): ParamsValues {
  const { command, entrypoint, working_dir, env, ports, tty, gpu_count, gpu_type, cpus, memory, shm, restart } = params;
  return {
    command: formatArguments(command),
    entrypoint: formatArguments(entrypoint),
    working_dir: working_dir ?? "",
    env: formatEnv(env),
    ports,
    tty,
    gpu_count,
    gpu_type: gpu_type ?? "",
    cpus,
    memory,
    shm,
    restart,
  };
}

/** What no form shows. */
export type KeptParams = Pick<CreateParams, "mounts">;

/** The whole dictionary for a request. */
export function toParams(values: ParamsValues, kept: KeptParams): Partial<CreateParams> {
  const { tty = true, restart = "unless-stopped", ports = [], working_dir, env, gpu_type } = values;
  return {
    command: parseArguments(values.command ?? ""),
    entrypoint: parseArguments(values.entrypoint ?? ""),
    working_dir: working_dir || null,
    env: parseEnv(env ?? ""),
    ports,
    tty,
    gpu_count: values.gpu_count ?? 0,
    gpu_type: gpu_type || null,
    cpus: values.cpus ?? null,
    memory: values.memory ?? null,
    shm: values.shm ?? null,
    restart,
    mounts: kept.mounts,
  };
}
