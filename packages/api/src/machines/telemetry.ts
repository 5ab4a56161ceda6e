import { readPoints } from "@berth/db/telemetry/points.ts";
import type { TelemetryHistory, TelemetryRange } from "@berth/spec/telemetry.ts";
import type { AuthedContext } from "../context.ts";
import { noSuchMachine } from "./get.ts";

const MINUTE_S = 60;
const HOUR_S = 3_600;

/** How far each range goes back, and how long its points are: some hundreds of them at most. */
const RANGES: Record<TelemetryRange, { back_s: number; seconds: number }> = {
  hour: { back_s: HOUR_S, seconds: MINUTE_S },
  day: { back_s: 24 * HOUR_S, seconds: 5 * MINUTE_S },
  month: { back_s: 30 * 24 * HOUR_S, seconds: HOUR_S },
};

/** How busy a machine was. NOT_FOUND where there is no such machine. */
export async function readTelemetry(
  { sql }: Pick<AuthedContext, "sql">,
  { machine_id, range }: { machine_id: string; range: TelemetryRange },
): Promise<TelemetryHistory> {
  const found = await sql("SELECT 1 FROM machines WHERE machine_id = $1", [machine_id]);
  if (found.length === 0) throw noSuchMachine(machine_id);
  const { back_s, seconds } = RANGES[range];
  const points = await readPoints(sql, machine_id, new Date(Date.now() - back_s * 1_000), seconds);
  return {
    machine_id,
    range,
    seconds,
    points: points.map(({ at, cpu, memory_used, disk_used, ...gpus }) => ({
      at: at.toISOString(),
      cpu,
      memory_used,
      disk_used,
      gpus: gpus.gpu_indexes.map((index, place) => ({
        index,
        utilization: gpus.gpu_utilization[place] ?? null,
        memory_used: gpus.gpu_memory_used[place] ?? null,
        temperature: gpus.gpu_temperature[place] ?? null,
        power: gpus.gpu_power[place] ?? null,
      })),
    })),
  };
}
