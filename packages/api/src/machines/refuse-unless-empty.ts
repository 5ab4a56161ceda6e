import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/**
 * CONFLICT with `details.containers` while containers are on a machine, come to it or wait for it, those that were set aside
 * there included, or with `details.images` while images are made there. Under the placement lock nothing is added meanwhile.
 */
export async function refuseUnlessEmpty(sql: Sql, machine: { machine_id: string; name: string }): Promise<void> {
  const rows = await sql<{ name: string }>(
    `SELECT u.account || '/' || c.name AS name FROM containers c JOIN users u USING (user_id)
     WHERE c.container_id IN (SELECT container_id FROM placements WHERE machine_id = $1
                              UNION SELECT container_id FROM held_containers WHERE machine_id = $1
                              UNION SELECT container_id FROM moves WHERE to_machine_id = $1
                              UNION SELECT container_id FROM waiting_line WHERE machine_id = $1)
     ORDER BY 1`,
    [machine.machine_id],
  );
  if (rows.length > 0) {
    const containers = rows.map((row) => row.name);
    throw new DomainError("CONFLICT", `Containers are on ${machine.name}: ${containers.join(", ")}.`, { containers });
  }
  await refuseWhileMaking(sql, machine);
}

async function refuseWhileMaking(sql: Sql, machine: { machine_id: string; name: string }): Promise<void> {
  const rows = await sql<{ name: string }>(
    `SELECT i.name FROM images i JOIN image_status s USING (image_id)
     WHERE i.machine_id = $1 AND i.desired = 'present' AND s.phase NOT IN ('Ready', 'Failed') ORDER BY 1`,
    [machine.machine_id],
  );
  if (rows.length === 0) return;
  const images = rows.map((row) => row.name);
  const message = `Images are made on ${machine.name}: ${images.join(", ")}. Wait for them, or delete them.`;
  throw new DomainError("CONFLICT", message, { images });
}
