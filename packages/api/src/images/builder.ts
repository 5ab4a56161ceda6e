import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/**
 * The machine that builds and mirrors: the one that is asked for, or an active builder, online before offline. Locked, so
 * that it is not removed before the image names it. UNPROCESSABLE that says how to make one where there is none.
 */
export async function findBuilder(sql: Sql, machineId: string | undefined): Promise<string> {
  const [builder] = await sql<{ machine_id: string }>(
    `SELECT m.machine_id FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE m.is_builder AND m.state = 'active' AND ($1::text IS NULL OR m.machine_id = $1)
     ORDER BY COALESCE(s.online, false) DESC, m.created_at LIMIT 1 FOR SHARE OF m`,
    [machineId ?? null],
  );
  if (builder) return builder.machine_id;
  const message =
    machineId === undefined
      ? "No machine builds images: mark an active one with is_builder."
      : `${machineId} is no builder: mark an active machine with is_builder, or leave machine_id out.`;
  throw new DomainError("UNPROCESSABLE", message);
}
