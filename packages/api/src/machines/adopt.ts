import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Machine } from "@berth/spec/machine.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { getMachine, noSuchMachine } from "./get.ts";
import { meetEngine } from "./meet-engine.ts";
import { openTls } from "./seal-tls.ts";

/**
 * An admin's word that the engine which answers at a machine's address now is the machine's, as after it was installed
 * anew: what was on the old one is taken for lost, and each container is made anew or not as its owner wants (`on_loss`).
 * CONFLICT where it is the engine that is known already, or another machine's.
 */
export async function adoptEngine(ctx: AuthedContext, { machine_id }: { machine_id: string }): Promise<Machine> {
  const machine = await ctx.db.machines.findUnique({ where: { machine_id } });
  if (!machine) throw noSuchMachine(machine_id);
  const { url, allow_insecure, name } = machine;
  const tls = openTls(ctx.box, machine.tls);
  // What was installed anew has another host key, too.
  const { marker_uuid, ssh_host_key } = await meetEngine(ctx, { url, tls, allow_insecure, ssh_host_key: null });
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const owner = await tx.machines.findUnique({ where: { marker_uuid } });
    if (owner?.machine_id === machine_id) {
      throw new DomainError("CONFLICT", `${name} is the engine that Berth knows: there is nothing to accept.`);
    }
    if (owner) throw new DomainError("CONFLICT", `The engine at ${url} is machine ${owner.name}: correct the address.`);
    await tx.machines.update({ where: { machine_id }, data: { marker_uuid, ssh_host_key } });
    // Nothing that was pulled there is there any more.
    await sql("UPDATE machine_images SET state = 'waiting' WHERE machine_id = $1 AND wanted", [machine_id]);
    await sql("DELETE FROM machine_images WHERE machine_id = $1 AND NOT wanted", [machine_id]);
    await recordAudit(tx, ctx, { action: "adopt", noun: "machine", object_id: machine_id, details: { name, url } });
    return getMachine({ sql, actor: ctx.actor }, { machine_id });
  });
}
