import type { FileLayer } from "../process/file-layer.ts";
import type { SimulatedProcess } from "../process/simulated-process.ts";
import type { CreateContainerBody, HostConfig } from "../wire.ts";
import type { ContainerLog } from "./container-log.ts";

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** A container's own settings after its image's were merged in. */
export type ContainerConfig = Omit<CreateContainerBody, "HostConfig">;

/** What Docker lets clients wait for, and `start`: those who attach come before it. */
export type WaitCondition = "start" | "not-running" | "next-exit" | "removed";

export interface ContainerNetwork {
  sandbox_id: string;
  endpoint_id: string;
  ip: string;
  mac: string;
  /** By container port, as "22/tcp". */
  host_ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
}

export interface ContainerRecord {
  id: string;
  name: string;
  created_ns: bigint;
  image_id: string;
  config: ContainerConfig;
  host: HostConfig;
  status: ContainerStatus;
  exit_code: number;
  error: string;
  /** What its health check says; null without one. A check never runs here: whoever simulates one says so. */
  health: "starting" | "healthy" | "unhealthy" | null;
  started_ns: bigint | null;
  finished_ns: bigint | null;
  restart_count: number;
  /** Someone stopped or killed it: `unless-stopped` then leaves it alone, over a restart of the engine too. */
  was_stopped_by_hand: boolean;
  network: ContainerNetwork | null;
  files: FileLayer;
  log: ContainerLog;
  process: SimulatedProcess | null;
  pid: number;
  /** The restart policy's own state; none of it outlives the engine's process. */
  restart: { delay_ms: number; is_cancelled: boolean; cancelTimer: (() => void) | null };
  /** A stop is under way: its event comes with the exit. */
  isBeingStopped: boolean;
  waiters: { condition: WaitCondition; resolve: (exitCode: number) => void }[];
  /** The tail of the calls that hold the container's lock. */
  lock: Promise<void>;
  exec_ids: string[];
}

export function isRunning(container: ContainerRecord): boolean {
  return container.status === "running" || container.status === "paused" || container.status === "restarting";
}

/** Runs `work` when every earlier holder is done: what hangs a start hangs an inspect too. */
export async function withLock<T>(container: ContainerRecord, work: () => Promise<T> | T): Promise<T> {
  const before = container.lock;
  const { promise, resolve } = Promise.withResolvers<void>();
  container.lock = promise;
  await before;
  try {
    return await work();
  } finally {
    resolve();
  }
}

export function settleWaiters(container: ContainerRecord, conditions: WaitCondition[]): void {
  const settled = container.waiters.filter((waiter) => conditions.includes(waiter.condition));
  container.waiters = container.waiters.filter((waiter) => !settled.includes(waiter));
  for (const waiter of settled) waiter.resolve(container.exit_code);
}
