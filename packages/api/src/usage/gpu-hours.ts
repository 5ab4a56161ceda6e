import { bucketsOf, readGpuHours } from "@berth/db/usage/gpu-usage.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { GpuHours, GpuHoursInput } from "@berth/spec/usage.ts";

/** How long everybody, or one user, held GPUs. */
export async function gpuHours(
  sql: Sql,
  { from, to, by, time_zone }: GpuHoursInput,
  user_id: number | null,
): Promise<GpuHours> {
  const users = await readGpuHours(sql, { from, to, by, time_zone, user_id });
  const buckets = bucketsOf(from, to, by);
  return {
    by,
    time_zone,
    buckets,
    users: users.map(({ user_id: id, account, deleted, total, hours }) => ({
      user_id: id,
      account,
      deleted,
      total,
      hours: buckets.map((day) => hours[day] ?? 0),
    })),
    users_left_out: (users[0]?.users ?? 0) - users.length,
  };
}
