import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Machine, UpdateMachineInput } from "@berth/spec/machine.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { getMachine, noSuchMachine } from "./get.ts";
import { meetEngine } from "./meet-engine.ts";
import { openTls } from "./seal-tls.ts";

/**
 * Renames, cordons, moves to another address (where the same engine must answer), or changes what a machine is for.
 * A new port range counts for ports that are given from now on.
 */
export async function updateMachine(ctx: AuthedContext, input: UpdateMachineInput): Promise<Machine> {
  const { machine_id, port_range, ...fields } = input;
  if (input.url !== undefined) await checkSameEngine(ctx, machine_id, input.url);
  const data = {
    ...withoutUndefined(fields),
    ...(port_range && { port_first: port_range.first, port_last: port_range.last }),
  };
  try {
    return await transact(ctx.db, async (tx) => {
      const { count } = await tx.machines.updateMany({ where: { machine_id }, data });
      if (count === 0) throw noSuchMachine(machine_id);
      const changed = Object.keys(input).filter((name) => name !== "machine_id");
      const details = { fields: changed, ...(input.state && { state: input.state }) };
      await recordAudit(tx, ctx, { action: "update", noun: "machine", object_id: machine_id, details });
      return getMachine({ sql: prismaSql(tx) }, { machine_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", "Another machine has this name or address.");
    throw error;
  }
}

async function checkSameEngine(ctx: AuthedContext, machine_id: string, url: string): Promise<void> {
  const machine = await ctx.db.machines.findUnique({ where: { machine_id } });
  if (!machine) throw noSuchMachine(machine_id);
  const { allow_insecure } = machine;
  const met = await meetEngine(ctx, { url, tls: openTls(ctx.box, machine.tls), allow_insecure });
  if (met.marker_uuid !== machine.marker_uuid) {
    throw new DomainError("CONFLICT", `Another engine answers at ${url}: add it as a machine of its own.`);
  }
}

/** What was not given is not changed. */
const withoutUndefined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
  };
