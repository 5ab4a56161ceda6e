import { abandonMove } from "@berth/db/placement/settle-moves.ts";
import { advanceLine } from "@berth/db/placement/advance-line.ts";
import { releasePlacement } from "@berth/db/placement/release.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

interface Concerned {
  container_id: number;
  /** With its account. */
  name: string;
  isThere: boolean;
}

/** What is on the machine, comes to it or waits for it. */
const CONCERNED = `
  SELECT c.container_id, u.account || '/' || c.name AS name, p.machine_id IS NOT DISTINCT FROM $1 AS "isThere"
  FROM containers c JOIN users u USING (user_id) LEFT JOIN placements p USING (container_id)
  WHERE p.machine_id = $1 OR c.container_id IN (SELECT container_id FROM moves WHERE to_machine_id = $1
                                                UNION SELECT container_id FROM waiting_line WHERE machine_id = $1)
  ORDER BY c.container_id`;

/**
 * Locks the rows of the containers that are forgotten with a machine, or changed by that. Before the placement lock: a verb
 * that changes one of them holds its row, and comes for that lock next.
 */
export const lockContainersOf = (sql: Sql, machineId: string): Promise<Concerned[]> =>
  sql<Concerned>(`${CONCERNED} FOR UPDATE OF c`, [machineId]);

/**
 * Forgets what a machine that never comes back held, under the placement lock: its containers with all that was in them, what
 * others left there, and what was on its way there. Should it come back after all, its containers are told and left alone,
 * for nobody asked for their removal. `locked` are those of {@link lockContainersOf}: CONFLICT where another one has come since.
 * Returns the names of those that are gone.
 */
export async function forgetContainers(
  sql: Sql,
  machineId: string,
  locked: readonly Concerned[],
  userId: number,
): Promise<string[]> {
  const concerned = await sql<Concerned>(CONCERNED, [machineId]);
  const isLocked = new Set(locked.map(({ container_id }) => container_id));
  const late = concerned.find(({ container_id }) => !isLocked.has(container_id));
  if (late) throw new DomainError("CONFLICT", `${late.name} came to that machine just now: try again.`);
  const containers = concerned.filter(({ isThere }) => isThere);
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
  return containers.map(({ name }) => name).toSorted();
}
