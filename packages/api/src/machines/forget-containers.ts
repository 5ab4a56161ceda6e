import { abandonMove } from "@berth/db/placement/settle-moves.ts";
import { advanceLine } from "@berth/db/placement/advance-line.ts";
import { releasePlacement } from "@berth/db/placement/release.ts";
import type { Sql } from "@berth/db/sql.ts";

/**
 * Forgets what a machine that never comes back held, under the placement lock: its containers with all that was in them, what
 * others left there, and what was on its way there. Should it come back after all, its containers are told and left alone,
 * for nobody asked for their removal. Returns the names of those that are gone.
 */
export async function forgetContainers(sql: Sql, machineId: string, userId: number): Promise<string[]> {
  const containers = await sql<{ container_id: number; name: string }>(
    `SELECT c.container_id, u.account || '/' || c.name AS name
     FROM containers c JOIN users u USING (user_id) JOIN placements p USING (container_id)
     WHERE p.machine_id = $1 ORDER BY 2 FOR UPDATE OF c`,
    [machineId],
  );
  const ids = containers.map(({ container_id }) => container_id);
  await sql(
    `INSERT INTO tombstones (uid, noun, name, machine_id, user_id)
     SELECT uid, 'forgotten', name, $2, $3 FROM containers WHERE container_id = ANY ($1::int[]) ON CONFLICT (uid) DO NOTHING`,
    [ids, machineId, userId],
  );
  // Who waits for it waits in vain: it can be started anywhere from now on.
  const waiting = await sql<{ container_id: number }>(
    "DELETE FROM waiting_line WHERE machine_id = $1 RETURNING container_id",
    [machineId],
  );
  await sql("UPDATE containers SET desired = 'stopped', machine_id = NULL WHERE container_id = ANY ($1::int[])", [
    waiting.map(({ container_id }) => container_id),
  ]);
  // Nobody's turn in the line leads there while it is emptied.
  await sql("UPDATE machines SET state = 'decommissioned' WHERE machine_id = $1", [machineId]);
  const arriving = await sql<{ container_id: number }>("SELECT container_id FROM moves WHERE to_machine_id = $1", [
    machineId,
  ]);
  for (const { container_id } of arriving) await abandonMove(sql, container_id);
  for (const container_id of ids) await releasePlacement(sql, container_id);
  await sql("DELETE FROM held_containers WHERE machine_id = $1 OR container_id = ANY ($2::int[])", [machineId, ids]);
  await sql("DELETE FROM containers WHERE container_id = ANY ($1::int[])", [ids]);
  await sql(
    `UPDATE images i SET desired = 'absent' FROM image_status s
     WHERE s.image_id = i.image_id AND i.machine_id = $1 AND i.desired = 'present' AND s.phase NOT IN ('Ready', 'Failed')`,
    [machineId],
  );
  await advanceLine(sql);
  return containers.map(({ name }) => name);
}
