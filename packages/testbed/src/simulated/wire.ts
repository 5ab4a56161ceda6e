import { z } from "zod";

/** Request bodies, as far as the simulation acts on them. The rest of a HostConfig is kept and shown as it came. */

const Texts = z.array(z.string()).nullish();
/** 64 bits in Docker, so more than a safe integer of JavaScript is no mistake. */
const Amount = z.number().nullish();
/** Docker takes a command as a list or as one string. */
const Command = z.union([z.array(z.string()), z.string().transform((text) => [text])]).nullish();
const Labels = z.record(z.string(), z.string()).nullish();
const Names = z.record(z.string(), z.unknown()).nullish();

const RestartPolicy = z.object({
  Name: z.string().default(""),
  MaximumRetryCount: z.int().default(0),
});
type RestartPolicy = z.infer<typeof RestartPolicy>;

const PortBinding = z.object({ HostIp: z.string().default(""), HostPort: z.string().default("") });

const DeviceRequest = z.object({
  Driver: z.string().default(""),
  Count: z.int().default(0),
  DeviceIDs: Texts,
  Capabilities: z.array(z.array(z.string())).nullish(),
  Options: z.record(z.string(), z.string()).nullish(),
});

const Mount = z.looseObject({
  Type: z.string(),
  Source: z.string().default(""),
  Target: z.string(),
  ReadOnly: z.boolean().optional(),
});

export const HostConfig = z.looseObject({
  RestartPolicy: RestartPolicy.nullish(),
  Memory: Amount,
  MemorySwap: Amount,
  NanoCpus: Amount,
  CpuPeriod: Amount,
  CpuQuota: Amount,
  ShmSize: Amount,
  PortBindings: z.record(z.string(), z.array(PortBinding).nullable()).nullish(),
  PublishAllPorts: z.boolean().nullish(),
  DeviceRequests: z.array(DeviceRequest).nullish(),
  NetworkMode: z.string().nullish(),
  Mounts: z.array(Mount).nullish(),
  Binds: Texts,
  LogConfig: z.object({ Type: z.string().default(""), Config: z.record(z.string(), z.string()).nullish() }).nullish(),
  Init: z.boolean().nullish(),
  AutoRemove: z.boolean().nullish(),
  Runtime: z.string().nullish(),
});
export type HostConfig = z.infer<typeof HostConfig>;

/** The part of a container that an image carries on. */
export const ImageConfig = z.object({
  User: z.string().nullish(),
  ExposedPorts: Names,
  Env: Texts,
  Cmd: Command,
  Entrypoint: Command,
  Volumes: Names,
  WorkingDir: z.string().nullish(),
  Labels,
  StopSignal: z.string().nullish(),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

export const CreateContainerBody = ImageConfig.extend({
  Image: z.string().default(""),
  Hostname: z.string().nullish(),
  Domainname: z.string().nullish(),
  AttachStdin: z.boolean().nullish(),
  AttachStdout: z.boolean().nullish(),
  AttachStderr: z.boolean().nullish(),
  Tty: z.boolean().nullish(),
  OpenStdin: z.boolean().nullish(),
  StdinOnce: z.boolean().nullish(),
  StopTimeout: z.int().nullish(),
  HostConfig: HostConfig.nullish(),
});
export type CreateContainerBody = z.infer<typeof CreateContainerBody>;

export const UpdateBody = z.object({
  Memory: Amount,
  MemorySwap: Amount,
  NanoCpus: Amount,
  CpuPeriod: Amount,
  CpuQuota: Amount,
  RestartPolicy: RestartPolicy.nullish(),
});

/** Rows, then columns. */
const ConsoleSize = z.tuple([z.int(), z.int()]).nullish();

export const ExecBody = z.object({
  Cmd: Command,
  Env: Texts,
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  Tty: z.boolean().nullish(),
  AttachStdin: z.boolean().nullish(),
  AttachStdout: z.boolean().nullish(),
  AttachStderr: z.boolean().nullish(),
  ConsoleSize,
});

export const ExecStartBody = z.object({ Detach: z.boolean().nullish(), Tty: z.boolean().nullish(), ConsoleSize });

export const VolumeBody = z.object({
  Name: z.string().nullish(),
  Driver: z.string().nullish(),
  DriverOpts: z.record(z.string(), z.string()).nullish(),
  Labels,
});
