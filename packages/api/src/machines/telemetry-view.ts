import type { Sql } from "@berth/db/sql.ts";
import type { Capacity } from "@berth/spec/capacity.ts";
import { type GpuUse, type MachineTelemetry, StoredReading, TELEMETRY_STALE_MS } from "@berth/spec/telemetry.ts";

/** As PostgreSQL takes an interval. */
export const STALE_AFTER = `${TELEMETRY_STALE_MS} milliseconds`;

/** A machine's row of `machine_telemetry`, or nulls where it has none. */
export interface TelemetryRow {
  seen_at: Date | null;
  /** By the database's clock. */
  is_stale: boolean | null;
  reading: unknown;
}

/** Accounts by the id of the container that they own. */
export type Owners = ReadonlyMap<number, string>;

/** What is free as its probe told it last: not known any more where that was long ago, as recorded where it never did. */
export function withFree(told: Capacity | null, isStale: boolean | null, free: number | null): Capacity | null {
  if (told === null || isStale === null) return told && { total: told.total, free: told.free };
  return { total: told.total, free: isStale ? null : free };
}

/** Of the containers that compute on GPUs of these machines. */
export async function readOwners(sql: Sql, rows: readonly TelemetryRow[]): Promise<Owners> {
  const ids = new Set<number>();
  for (const { reading } of rows) {
    for (const { processes } of StoredReading.safeParse(reading).data?.gpus ?? []) {
      for (const { container_id } of processes) if (container_id !== null) ids.add(container_id);
    }
  }
  if (ids.size === 0) return new Map();
  const owners = await sql<{ container_id: number; account: string }>(
    "SELECT c.container_id, u.account FROM containers c JOIN users u USING (user_id) WHERE c.container_id = ANY($1::int[])",
    [[...ids]],
  );
  return new Map(owners.map(({ container_id, account }) => [container_id, account]));
}

const NOTHING_CURRENT = {
  busy: null,
  load: null,
  memory: null,
  disk: null,
  clock_offset_ms: null,
  driver: null,
  gpu_error: null,
  gpus: [],
};

/** Null where the machine's probe never told anything. A reading of another release that can't be read counts as stale. */
export function toTelemetry(row: TelemetryRow, owners: Owners, isAdmin: boolean): MachineTelemetry | null {
  if (row.seen_at === null) return null;
  const seen_at = row.seen_at.toISOString();
  const reading = StoredReading.safeParse(row.reading).data;
  if (row.is_stale || !reading) return { seen_at, stale: true, ...NOTHING_CURRENT };
  return {
    ...reading,
    seen_at,
    stale: false,
    gpus: reading.gpus.map(({ processes, index, uuid, type, memory_used, utilization, temperature, power }) => ({
      index,
      uuid,
      type,
      memory_used,
      utilization,
      temperature,
      power,
      used_by: usesOf(
        processes.map(({ pid, memory, container_id }) => ({
          container_id,
          owner: container_id === null ? null : (owners.get(container_id) ?? null),
          pid,
          memory,
        })),
        isAdmin,
      ),
    })),
  };
}

/** Who is no admin sees whose container it is, or that it is nobody's, and not what runs there. */
function usesOf(uses: GpuUse[], isAdmin: boolean): GpuUse[] {
  if (isAdmin) return uses;
  const byContainer = new Map<number | null, GpuUse>();
  for (const use of uses) {
    const { memory } = byContainer.get(use.container_id) ?? { memory: null };
    const sum = use.memory === null ? memory : (memory ?? 0) + use.memory;
    byContainer.set(use.container_id, { ...use, pid: null, memory: sum });
  }
  return [...byContainer.values()];
}
