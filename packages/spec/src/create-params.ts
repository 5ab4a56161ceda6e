import { z } from "zod";
import { Mounts } from "./mount.ts";

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes("\0"), "A NUL character is not possible here.");

/** One argument vector, as Docker's `Cmd` and `Entrypoint`. */
const Arguments = z.array(text(8_192)).max(256);

/**
 * Environment of a container. `NVIDIA_*` decides which GPUs a container sees, so it is Berth's to set
 * (https://github.com/NVIDIA/nvidia-container-toolkit reads it from images and containers alike).
 */
export const Env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "A variable's name is letters, digits and _."),
    text(32_768),
  )
  .refine((env) => Object.keys(env).length <= 200, "At most 200 variables.")
  .refine(
    (env) => !Object.keys(env).some((name) => name.toUpperCase().startsWith("NVIDIA_")),
    "NVIDIA_* variables are set by Berth: ask for GPUs instead.",
  );

export const ContainerPort = z.object({
  /** Unique within the container: "ssh", "jupyter". */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "1 to 31 of a-z, 0-9 and -, starting with a letter."),
  kind: z.enum(["ssh", "http", "tcp"]),
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
  container_port: z.int().min(1).max(65_535),
  /** False opens no port on the machine: an `http` one is still shown by the proxy, for Berth reaches into the container. */
  publish: z.boolean().default(true),
  /**
   * Of an `http` port whose pages the proxy shows below a path: whether the program is asked without that path in front,
   * as most expect. False for one that is told its path, as Jupyter by `--ServerApp.base_url`.
   */
  strip_prefix: z.boolean().default(true),
});
export type ContainerPort = z.infer<typeof ContainerPort>;

export const ContainerPorts = z
  .array(ContainerPort)
  .max(32)
  .refine((ports) => new Set(ports.map((port) => port.name)).size === ports.length, "Two ports have one name.")
  .refine(
    (ports) => new Set(ports.map((port) => `${port.container_port}/${port.protocol}`)).size === ports.length,
    "One container port is listed twice.",
  );

const Cpus = z.number().min(0.01).max(1_024).multipleOf(0.01);
/** MiB. Docker refuses less than 6 MiB. */
const Memory = z.int().min(6).max(16_777_216);
const Shm = z.int().min(1).max(16_777_216);

export const RestartPolicy = z.enum(["unless-stopped", "on-failure", "no"]);
export type RestartPolicy = z.infer<typeof RestartPolicy>;

/**
 * How a container of an image is made: an image's dictionary, inherited by what is saved from it. Never raw Docker
 * HostConfig: no privileged mode, host network, host paths, capabilities or devices.
 */
export const CreateParams = z.object({
  /** Null keeps what the image itself says. */
  command: Arguments.nullable().default(null),
  entrypoint: Arguments.nullable().default(null),
  working_dir: text(4_096).startsWith("/", "An absolute path.").nullable().default(null),
  env: Env.default({}),
  ports: ContainerPorts.default([]),
  /** Most base images end at once without a terminal. */
  tty: z.boolean().default(true),
  gpu_count: z.int().min(0).max(64).default(0),
  /** As the machine's facts name it: "RTX 4090". */
  gpu_type: text(128).min(1).nullable().default(null),
  /** Cores. Null is no limit. */
  cpus: Cpus.nullable().default(null),
  /** MiB. Null is no limit. */
  memory: Memory.nullable().default(null),
  /** MiB. Null is half of `memory`, or Docker's 64 MiB where that has no limit. */
  shm: Shm.nullable().default(null),
  restart: RestartPolicy.default("unless-stopped"),
  /** Of what an admin offers as storage. */
  mounts: Mounts.default([]),
});
export type CreateParams = z.infer<typeof CreateParams>;

const MAX_TEXT = 32_768;

interface Texts {
  command?: readonly string[] | null | undefined;
  entrypoint?: readonly string[] | null | undefined;
  env?: Record<string, string> | undefined;
}

/** Lists hold these whole, so they are no place for files. Asked of requests only: what is stored stays readable. */
export const hasModestTexts = ({ command, entrypoint, env }: Texts): boolean =>
  [command ?? [], entrypoint ?? [], Object.entries(env ?? {}).flat()].flat().join("").length <= MAX_TEXT;
export const IMMODEST_TEXTS = {
  path: ["env"],
  error: `At most ${MAX_TEXT} characters of command, entrypoint and env together: put more into a file of the image.`,
};
