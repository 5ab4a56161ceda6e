import { lockPlacement } from "@berth/db/placement/lock.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { RemoveMachineInput } from "@berth/spec/machine.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { forgetContainers, lockContainersOf } from "./forget-containers.ts";
import { noSuchMachine } from "./get.ts";
import { refuseUnlessEmpty } from "./refuse-unless-empty.ts";

/**
 * Forgets a machine; nothing happens on it. CONFLICT while something is there, or is made there, unless `force` says that it
 * never comes back: then its containers are forgotten too, and only of one that does not answer.
 */
export async function removeMachine(ctx: AuthedContext, { machine_id, force }: RemoveMachineInput): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const locked = force ? await lockContainersOf(sql, machine_id) : [];
    // No container is placed there between the look and the removal.
    await lockPlacement(sql);
    const machine = await tx.machines.findUnique({ where: { machine_id } });
    if (!machine) throw noSuchMachine(machine_id);
    if (force) await refuseWhileOnline(sql, machine);
    else await refuseUnlessEmpty(sql, machine);
    const containers = force ? await forgetContainers(sql, machine_id, locked, ctx.actor.user_id) : [];
    await tx.machines.delete({ where: { machine_id } });
    const details = { name: machine.name, url: machine.url, ...(force && { force, containers }) };
    await recordAudit(tx, ctx, { action: "remove", noun: "machine", object_id: machine_id, details });
  });
}

async function refuseWhileOnline(sql: Sql, { machine_id, name }: { machine_id: string; name: string }): Promise<void> {
  const online = await sql("SELECT 1 FROM machine_status WHERE machine_id = $1 AND online", [machine_id]);
  if (online.length === 0) return;
  throw new DomainError(
    "CONFLICT",
    `${name} answers: drain it, delete what is left, and remove it then. Only a machine that is away can be forgotten.`,
  );
}
