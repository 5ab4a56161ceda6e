import { z } from "zod";
import { Capacity, Cpu } from "./capacity.ts";
import { Condition } from "./condition.ts";
import { MachineTelemetry } from "./telemetry.ts";

/** Given by the GPU server: its engine's id, with a suffix where two engines report the same. */
export const MachineId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/, "Not a machine's id.");

export const MachineName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, "1 to 63 letters, digits, dots and dashes.");

export const MachineState = z.enum(["active", "cordoned", "decommissioned"]);
export type MachineState = z.infer<typeof MachineState>;

/** Host ports that containers on one machine may be given, both ends included. */
export const PortRange = z
  .object({ first: z.int().min(1024).max(65535), last: z.int().min(1024).max(65535) })
  .refine((range) => range.first <= range.last, "The first port is above the last.");
export type PortRange = z.infer<typeof PortRange>;
export const DEFAULT_PORT_RANGE: PortRange = { first: 20000, last: 29999 };

export const GpuUuid = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{3,95}$/, "Not a GPU's uuid.");

/** `index` is what nvidia-smi shows on that machine; `memory` in MiB. */
export const Gpu = z.object({
  uuid: z.string(),
  index: z.int(),
  type: z.string(),
  memory: z.int(),
});
export type Gpu = z.infer<typeof Gpu>;

/** How many containers at once may hold each of these GPUs; one that is not named has one holder. */
export const SharedGpus = z.record(GpuUuid, z.int().min(2).max(64));
export type SharedGpus = z.infer<typeof SharedGpus>;

const Pem = z.string().min(64).max(32_768).includes("-----BEGIN ", { error: "Not a PEM text." });

/** The client's side of mutual TLS with the engine. */
export const EngineTls = z.object({ ca: Pem, cert: Pem, key: Pem });
export type EngineTls = z.infer<typeof EngineTls>;

export const AddMachineInput = z.strictObject({
  /** `unix:///var/run/docker.sock`, `tcp://host:port` with `tls`, or `ssh://user@host:port`. */
  url: z.string().min(1).max(300),
  name: MachineName.optional(),
  machine_id: MachineId.optional(),
  tls: EngineTls.optional(),
  /** Plain TCP gives root on the machine to whoever reaches the port: it must be asked for. */
  allow_insecure: z.boolean().default(false),
  is_builder: z.boolean().default(false),
  runs_containers: z.boolean().default(true),
  port_range: PortRange.optional(),
});
export type AddMachineInput = z.infer<typeof AddMachineInput>;

export const UpdateMachineInput = z.strictObject({
  machine_id: MachineId,
  name: MachineName.optional(),
  /** `cordoned` takes no new containers; `decommissioned` is looked after no more, and needs to be empty. */
  state: MachineState.optional(),
  url: z.string().min(1).max(300).optional(),
  port_range: PortRange.optional(),
  is_builder: z.boolean().optional(),
  runs_containers: z.boolean().optional(),
  /** Whole: a GPU that it leaves out is shared no more. Who holds one keeps it. */
  shared_gpus: SharedGpus.refine((gpus) => Object.keys(gpus).length <= 64, "At most 64 GPUs.").optional(),
});
export type UpdateMachineInput = z.infer<typeof UpdateMachineInput>;

export const RemoveMachineInput = z.strictObject({
  machine_id: MachineId,
  /** Of one that never comes back: forgets its containers too. What was in them is lost. */
  force: z.stringbool().or(z.boolean()).default(false),
});
export type RemoveMachineInput = z.infer<typeof RemoveMachineInput>;

/** Everybody may know who holds a GPU. What of theirs holds it is told to who may open it. */
export const GpuHolding = z.object({
  uuid: z.string(),
  /** Null, as its name, where the caller may not open it. */
  container_id: z.int().nullable(),
  name: z.string().nullable(),
  /** Of its owner. */
  account: z.string(),
  since: z.iso.datetime(),
});
export type GpuHolding = z.infer<typeof GpuHolding>;

const DrainedContainer = z.object({ container_id: z.int(), name: z.string(), account: z.string() });

/** What a drain has asked for, by what each container's owner wants. */
export const Drained = z.object({
  stopping: z.array(DrainedContainer),
  moving: z.array(DrainedContainer),
  /** Those that stay for now, and why: drain again when that has changed. */
  left: z.array(DrainedContainer.extend({ reason: z.string() })),
});
export type Drained = z.infer<typeof Drained>;

export const Machine = z.object({
  machine_id: z.string(),
  name: z.string(),
  /** Where users reach its ports; null for an engine that is not reached over a network. */
  ip: z.string().nullable(),
  /** Of its engine; null for who is no admin. */
  url: z.string().nullable(),
  state: MachineState,
  /** A machine that Berth plays by itself: nothing on it really runs. */
  simulated: z.boolean(),
  /** Reached over plain TCP. */
  insecure: z.boolean(),
  is_builder: z.boolean(),
  runs_containers: z.boolean(),
  port_range: PortRange,
  online: z.boolean(),
  engine_version: z.string().nullable(),
  gpus: z.array(Gpu),
  cpus: z.array(Cpu),
  /** Cores in all, where the engine told only the sum. */
  cores: z.int().nullable(),
  memory: Capacity.nullable(),
  disk: Capacity.nullable(),
  /** GPU uuids that containers hold. */
  gpus_taken: z.array(z.string()),
  /** Who holds them: of a shared GPU perhaps several, whoever came first first. */
  gpus_held: z.array(GpuHolding),
  /** GPU uuids that processes outside Berth use: nobody is given them. */
  gpus_foreign: z.array(z.string()),
  shared_gpus: SharedGpus,
  /** How many containers wait in line for this machine. */
  waiting: z.int(),
  /** What its probe told last; null where it never did. What is free in `memory` and `disk` is null where that is stale. */
  telemetry: MachineTelemetry.nullable(),
  containers: z.int(),
  conditions: z.array(Condition),
  last_list_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
});
export type Machine = z.infer<typeof Machine>;

/** One GPU server as the document's `machine/info` shows it, by index; `{}` or null for what is not known yet. */
export const MachineInfo = z.object({
  machine_id: z.string(),
  ip: z.string().nullable(),
  gpu: z.record(z.string(), Gpu.pick({ type: true, memory: true })),
  /** One entry a socket. */
  cpu: z.record(z.string(), Cpu),
  disk: Capacity.nullable(),
  memory: Capacity.nullable(),
  online: z.boolean(),
});
export type MachineInfo = z.infer<typeof MachineInfo>;

/** An image on a machine, as its engine tells it now. */
export const MachineImage = z.object({
  /** `sha256:…`, as this engine knows it. */
  engine_image_id: z.string(),
  /** `repository:tag` */
  tags: z.array(z.string()),
  /** `repository@sha256:…` */
  digests: z.array(z.string()),
  /** Bytes unpacked; layers that images share are counted in each. */
  size: z.int(),
  created_at: z.iso.datetime(),
  /** The image of Berth's that it is; null where Berth knows none. */
  image_id: z.int().nullable(),
  name: z.string().nullable(),
  /** Berth did not put it there, and leaves it alone. */
  foreign: z.boolean(),
});
export type MachineImage = z.infer<typeof MachineImage>;

/** A container on a machine that is not Berth's, as its engine tells it now. */
export const ForeignContainer = z.object({
  engine_id: z.string(),
  name: z.string(),
  image: z.string(),
  state: z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]),
  /** "Up 2 hours", in the engine's own words. */
  status: z.string(),
  created_at: z.iso.datetime(),
  /** Null where it does not run, or its engine did not say. */
  started_at: z.iso.datetime().nullable(),
  /** Indexes of the GPUs that it was given when it was made; null where that was not found out. */
  gpus: z.array(z.int()).nullable(),
  /** It bears this Berth's labels, but Berth does not know it. */
  unknown: z.boolean(),
});
export type ForeignContainer = z.infer<typeof ForeignContainer>;

export const ForeignContainers = z.object({
  /** Those that run first, then the newest. */
  containers: z.array(ForeignContainer),
  /** How many more there are. */
  left_out: z.int(),
});
export type ForeignContainers = z.infer<typeof ForeignContainers>;
