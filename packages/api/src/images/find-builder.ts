import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/**
 * The machine to make an image on: the one that is named, or the first active builder, online ones first. NOT_FOUND for a
 * machine that is not there, UNPROCESSABLE, with how to mend it, where it is no builder or there is none.
 */
export async function findBuilder(sql: Sql, machineId: string | undefined): Promise<string> {
  const [machine] = await sql<{ machine_id: string; state: string; is_builder: boolean }>(
    `SELECT m.machine_id, m.state, m.is_builder FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE CASE WHEN $1::text IS NULL THEN m.is_builder AND m.state = 'active' ELSE m.machine_id = $1 END
     ORDER BY COALESCE(s.online, false) DESC, m.created_at, m.machine_id LIMIT 1`,
    [machineId ?? null],
  );
  if (machineId === undefined && !machine) {
    throw new DomainError(
      "UNPROCESSABLE",
      'No machine builds images: make one a builder first, on its page or by PATCH /api/machines/{machine_id} with {"is_builder":true}.',
    );
  }
  if (!machine) throw new DomainError("NOT_FOUND", `There is no machine ${machineId}.`);
  if (!machine.is_builder) {
    const mend = `PATCH /api/machines/${machine.machine_id} with {"is_builder":true}`;
    throw new DomainError("UNPROCESSABLE", `${machine.machine_id} is no builder: make it one by ${mend}.`);
  }
  if (machine.state !== "active") {
    throw new DomainError("UNPROCESSABLE", `${machine.machine_id} is ${machine.state}: it takes no builds.`);
  }
  return machine.machine_id;
}
