import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { ImageFilter, ImageRow } from "@berth/db/images/load.ts";
import type { Fence } from "@berth/db/leases/fence.ts";
import type { MachineRow } from "@berth/db/machines/load.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Engine } from "@berth/docker/engine.ts";
import type { Pool } from "@berth/db/pool.ts";
import type { Logger } from "pino";
import type { Announcer } from "../announcer.ts";
import type { Crash } from "../crash.ts";
import type { SharedLanes } from "../queue/lanes.ts";
import type { WorkQueue } from "../queue/work-queue.ts";
import type { RegistryAccess } from "../registry/registry-access.ts";
import type { SystemImages } from "../probe/system-images.ts";
import type { TelemetryHub } from "../probe/telemetry-hub.ts";
import type { MachineLoads } from "./machine-loads.ts";
import type { Told } from "../told.ts";

/** What every machine's session shares. */
export interface SessionContext {
  pool: Pool;
  sql: Sql;
  log: Logger;
  queue: WorkQueue;
  lanes: SharedLanes;
  told: Told;
  /** For people who look at it: its status has changed. */
  announcer: Announcer;
  crash: Crash;
  registry: RegistryAccess;
  /** What probes are made of; null where machines are to have none. */
  systemImages: SystemImages | null;
  telemetry: TelemetryHub | null;
  /** The label by which engines tell our containers from another Berth's. */
  installation: string;
  /** Null while nothing may be begun on this shard. */
  fenceOf: (shard: number) => Fence | null;
  /** Rows that can't be read are told and left out. */
  loadContainers: (filter: { uids: readonly string[] } | { machine_ids: readonly string[] }) => Promise<ContainerRow[]>;
  loads: MachineLoads;
  loadImages: (filter: ImageFilter) => Promise<ImageRow[]>;
  loadMachine: (machineId: string) => Promise<MachineRow | null>;
  /** Something may have come free, or a move may be at its end. */
  settlePlacements: () => void;
  /** Calls `beforeChange` right before a request that may change something goes out: it throws where that may not be. */
  connect: (row: MachineRow, beforeChange: () => void) => Engine;
  /** How many machines this process looks after. */
  countMachines: () => number;
  /** Wall clock, ms since 1970. */
  now: () => number;
  /** 0…1, for jitter. */
  random: () => number;
}
