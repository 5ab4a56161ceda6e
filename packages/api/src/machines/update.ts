import type { Tx } from "@berth/db/client.ts";
import { lockPlacement } from "@berth/db/placement/lock.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Machine, UpdateMachineInput } from "@berth/spec/machine.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { withoutUndefined } from "../without-undefined.ts";
import { getMachine, noSuchMachine } from "./get.ts";
import { isSsh, meetEngine } from "./meet-engine.ts";
import { refuseUnlessEmpty } from "./refuse-unless-empty.ts";
import { openTls } from "./seal-tls.ts";

/** Who chooses a place for a container reads them. */
const DECIDES_PLACES = ["state", "runs_containers", "shared_gpus"] satisfies (keyof UpdateMachineInput)[];

/**
 * Renames, cordons, moves to another address (where the same engine must answer), or changes what a machine is for.
 * A new port range counts for ports that are given from now on.
 */
export async function updateMachine(ctx: AuthedContext, input: UpdateMachineInput): Promise<Machine> {
  const { machine_id, port_range, ...fields } = input;
  const moved = input.url === undefined ? {} : await meetSameEngine(ctx, machine_id, input.url);
  const data = {
    ...withoutUndefined(fields),
    ...moved,
    ...(port_range && { port_first: port_range.first, port_last: port_range.last }),
  };
  try {
    return await transact(ctx.db, async (tx) => {
      const sql = prismaSql(tx);
      // Whoever places something there at this moment has done so before, and can be seen, or sees what is changed here.
      if (DECIDES_PLACES.some((name) => input[name] !== undefined)) await lockPlacement(sql);
      if (input.state === "decommissioned") await refuseToLeaveContainers(tx, sql, machine_id);
      const { count } = await tx.machines.updateMany({ where: { machine_id }, data });
      if (count === 0) throw noSuchMachine(machine_id);
      const changed = Object.keys(input).filter((name) => name !== "machine_id");
      const details = { fields: changed, ...(input.state && { state: input.state }) };
      await recordAudit(tx, ctx, { action: "update", noun: "machine", object_id: machine_id, details });
      return getMachine({ sql, actor: ctx.actor }, { machine_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", "Another machine has this name or address.");
    throw error;
  }
}

/** Nobody would look after them. */
async function refuseToLeaveContainers(tx: Tx, sql: Sql, machine_id: string): Promise<void> {
  const machine = await tx.machines.findUnique({ where: { machine_id } });
  if (machine) await refuseUnlessEmpty(sql, machine);
}

/** A server that is reached over ssh by another address still shows the key that it was first met with. */
async function meetSameEngine(
  ctx: AuthedContext,
  machine_id: string,
  url: string,
): Promise<{ ssh_host_key: string | null }> {
  const machine = await ctx.db.machines.findUnique({ where: { machine_id } });
  if (!machine) throw noSuchMachine(machine_id);
  const { allow_insecure, ssh_host_key } = machine;
  // From certificates to ssh, and back: what belongs to the other way is not taken along.
  const tls = isSsh(url) ? null : openTls(ctx.box, machine.tls);
  const met = await meetEngine(ctx, { url, tls, allow_insecure, ssh_host_key: isSsh(url) ? ssh_host_key : null });
  if (met.marker_uuid !== machine.marker_uuid) {
    throw new DomainError("CONFLICT", `Another engine answers at ${url}: add it as a machine of its own.`);
  }
  return { ssh_host_key: met.ssh_host_key };
}
