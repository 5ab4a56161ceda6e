import { lockPlacement } from "@berth/db/placement/lock.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { noSuchMachine } from "./get.ts";

/**
 * Forgets a machine; nothing happens on it. CONFLICT with `details.containers` while containers are there, those that a
 * recreate set aside included.
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
    await tx.machines.delete({ where: { machine_id } });
    const details = { name: machine.name, url: machine.url };
    await recordAudit(tx, ctx, { action: "remove", noun: "machine", object_id: machine_id, details });
  });
}
