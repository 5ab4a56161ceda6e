import type { Machine } from "@berth/spec/machine.ts";
import type { PageInput } from "@berth/spec/page.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, toPage } from "../page.ts";
import { selectMachines } from "./view.ts";

/** Every machine, by its id. Anyone signed in may see them: people choose where to run. */
export async function listMachines(
  { sql, actor }: AuthedContext,
  { limit, cursor }: PageInput,
): Promise<Page<Machine>> {
  const rows = await selectMachines(
    sql,
    "$1::text IS NULL OR m.machine_id > $1 ORDER BY m.machine_id LIMIT $2",
    [cursor ?? null, limit + 1],
    actor,
  );
  return toPage(
    rows,
    limit,
    (machine) => machine,
    (machine) => machine.machine_id,
  );
}
