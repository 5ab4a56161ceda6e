import type { Container, ListContainersInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../context.ts";
import { fitPage, type Measured, type Page, readIdCursor } from "../page.ts";
import { selectContainers } from "./view.ts";

/** Newest first. `all` is everybody's, for admins only. */
export async function listContainers(
  { sql, actor }: Pick<AuthedContext, "sql" | "actor">,
  input: ListContainersInput,
): Promise<Page<Container>> {
  const all = input.scope === "all";
  if (all && actor.role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin sees everybody's containers.");
  const found = await sql<Measured>(
    `SELECT c.container_id AS id, octet_length(c.spec::text) AS length
     FROM containers c LEFT JOIN placements p USING (container_id)
     WHERE ($1 OR c.user_id = $2) AND ($3::text IS NULL OR COALESCE(p.machine_id, c.machine_id) = $3)
       AND ($4::bigint IS NULL OR c.container_id < $4::bigint) AND ($6::int[] IS NULL OR c.container_id = ANY ($6::int[]))
     ORDER BY c.container_id DESC LIMIT $5`,
    [all, actor.user_id, input.machine_id ?? null, readIdCursor(input), input.limit + 1, input.container_ids ?? null],
  );
  const { ids, next_cursor } = fitPage(found, input.limit);
  const items = await selectContainers(sql, "c.container_id = ANY ($1::int[]) ORDER BY c.container_id DESC", [ids]);
  return { items, next_cursor };
}
