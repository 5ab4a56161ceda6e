import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Machine } from "@berth/spec/machine.ts";
import type { Viewer } from "./holdings.ts";
import { selectMachines } from "./view.ts";

export async function getMachine(
  { sql, actor }: { sql: Sql; actor: Viewer },
  { machine_id }: { machine_id: string },
): Promise<Machine> {
  const [machine] = await selectMachines(sql, "m.machine_id = $1", [machine_id], actor);
  if (!machine) throw noSuchMachine(machine_id);
  return machine;
}

export const noSuchMachine = (machineId: string): DomainError =>
  new DomainError("NOT_FOUND", `There is no machine ${machineId}.`);
