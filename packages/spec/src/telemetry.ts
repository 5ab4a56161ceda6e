import { z } from "zod";
import { Capacity, Cpu } from "./capacity.ts";

/** A reading that is older is not current any more: what it told is shown as not known. */
export const TELEMETRY_STALE_MS = 30_000;

const EngineId = z.string().regex(/^[0-9a-f]{64}$/);
const GpuUuid = z.string().min(1).max(100);
/** Null: the GPU, or its driver, does not tell it. */
const Figure = z.number().nullable();

/** One GPU as the probe on a machine reads it. Memory MiB, utilization percent, temperature degrees Celsius, power watts. */
const ProbeGpu = z.object({
  index: z.int().min(0).max(1023),
  uuid: GpuUuid,
  type: z.string().max(200),
  memory: Figure,
  memory_used: Figure,
  utilization: Figure,
  temperature: Figure,
  power: Figure,
  processes: z
    .array(
      z.object({
        pid: z.int().nonnegative(),
        memory: Figure,
        /** Of the container on its engine; null for a process in none. */
        container_id: EngineId.nullable(),
      }),
    )
    .max(512),
});
export type ProbeGpu = z.infer<typeof ProbeGpu>;

/** One line of the probe (packages/docker/src/system-image/probe.sh). A container on a GPU server prints it: it is not trusted. */
export const ProbeReading = z.object({
  seq: z.int().nonnegative(),
  /** By the machine's clock, ms since 1970. */
  time: z.number(),
  boot_id: z.string().max(64).nullable(),
  /** One entry a socket. */
  cpus: z.array(Cpu.extend({ type: z.string().max(200) })).max(64),
  /** Runnable processes, averaged over a minute. */
  load: Figure,
  /** Share of all cores, 0 to 1, since the reading before. */
  busy: z.number().min(0).max(1).nullable(),
  memory: z.object({ total: z.int().positive(), free: z.int().nonnegative() }),
  /** Of the file system that Docker's own data is on. */
  disk: z.object({ total: z.int().positive(), free: z.int().nonnegative() }).nullable(),
  /** NVIDIA's, as `nvidia-smi` names it. */
  driver: z.string().max(100).nullable(),
  gpu_error: z.string().max(400).nullable(),
  gpus: z.array(ProbeGpu).max(64),
});
export type ProbeReading = z.infer<typeof ProbeReading>;

/** What a reconciler keeps for the servers: a reading, with the processes of Berth's own containers by their ids. */
export const StoredReading = z.object({
  load: Figure,
  busy: Figure,
  memory: Capacity,
  disk: Capacity.nullable(),
  driver: z.string().nullable(),
  gpu_error: z.string().nullable(),
  clock_offset_ms: z.number(),
  gpus: z.array(
    ProbeGpu.omit({ processes: true }).extend({
      processes: z.array(z.object({ pid: z.int(), memory: Figure, container_id: z.int().nullable() })),
    }),
  ),
});
export type StoredReading = z.infer<typeof StoredReading>;

/** Who computes on a GPU. */
export const GpuUse = z.object({
  /** Null for a process that is in no container of Berth's. */
  container_id: z.int().nullable(),
  /** The account of the container's owner. */
  owner: z.string().nullable(),
  /** On the machine; null where the one who asks is no admin: then all processes of one container are one entry. */
  pid: z.int().nullable(),
  /** MiB. */
  memory: Figure,
});
export type GpuUse = z.infer<typeof GpuUse>;

const GpuTelemetry = ProbeGpu.omit({ processes: true, memory: true }).extend({ used_by: z.array(GpuUse) });

/** What a machine told last. */
export const MachineTelemetry = z.object({
  seen_at: z.iso.datetime(),
  /** It is older than 30 s: nothing else is told then. */
  stale: z.boolean(),
  /** Share of all cores, 0 to 1. */
  busy: Figure,
  load: Figure,
  memory: Capacity.nullable(),
  disk: Capacity.nullable(),
  /** How far the machine's clock is ahead of Berth's. */
  clock_offset_ms: Figure,
  driver: z.string().nullable(),
  /** Why the GPUs can't be read. */
  gpu_error: z.string().nullable(),
  gpus: z.array(GpuTelemetry),
});
export type MachineTelemetry = z.infer<typeof MachineTelemetry>;

export const TelemetryRange = z.enum(["hour", "day", "month"]);
export type TelemetryRange = z.infer<typeof TelemetryRange>;

/** Means over `seconds`, oldest first; no point stands for a time in which nothing was told. */
export const TelemetryHistory = z.object({
  machine_id: z.string(),
  range: TelemetryRange,
  seconds: z.int(),
  points: z.array(
    z.object({
      /** When its time begins. */
      at: z.iso.datetime(),
      cpu: Figure,
      memory_used: Figure,
      disk_used: Figure,
      gpus: z.array(
        z.object({
          index: z.int(),
          utilization: Figure,
          memory_used: Figure,
          temperature: Figure,
          power: Figure,
        }),
      ),
    }),
  ),
});
export type TelemetryHistory = z.infer<typeof TelemetryHistory>;
