import { lockPlacement } from "@berth/db/placement/lock.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { noSuchMachine } from "./get.ts";

/**
 * Forgets a machine; nothing happens on it. CONFLICT with `details.containers` while containers are there, those that a
 * recreate set aside included, or with `details.images` while images are made there.
 */
export async function removeMachine(ctx: AuthedContext, { machine_id }: { machine_id: string }): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    // No container is placed there between the look and the removal.
    await lockPlacement(sql);
    const machine = await tx.machines.findUnique({ where: { machine_id } });
    if (!machine) throw noSuchMachine(machine_id);
    const rows = await sql<{ name: string }>(
      `SELECT u.account || '/' || c.name AS name FROM containers c JOIN users u USING (user_id)
       WHERE c.container_id IN (SELECT container_id FROM placements WHERE machine_id = $1
                                UNION SELECT container_id FROM held_containers WHERE machine_id = $1)
       ORDER BY 1`,
      [machine_id],
    );
    if (rows.length > 0) {
      const containers = rows.map((row) => row.name);
      throw new DomainError("CONFLICT", `Containers are on ${machine.name}: ${containers.join(", ")}.`, { containers });
    }
    await refuseWhileMaking(sql, machine);
    await tx.machines.delete({ where: { machine_id } });
    const details = { name: machine.name, url: machine.url };
    await recordAudit(tx, ctx, { action: "remove", noun: "machine", object_id: machine_id, details });
  });
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
