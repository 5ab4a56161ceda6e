import type { Container, ListContainersInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { selectContainers } from "./view.ts";

/** Newest first. `all` is everybody's, for admins only. */
export async function listContainers(
  { sql, actor }: Pick<AuthedContext, "sql" | "actor">,
  input: ListContainersInput,
): Promise<Page<Container>> {
  const all = input.scope === "all";
  if (all && actor.role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin sees everybody's containers.");
  const rows = await selectContainers(
    sql,
    `($1 OR c.user_id = $2) AND ($3::text IS NULL OR COALESCE(p.machine_id, c.machine_id) = $3)
     AND ($4::bigint IS NULL OR c.container_id < $4::bigint)
     ORDER BY c.container_id DESC LIMIT $5`,
    [all, actor.user_id, input.machine_id ?? null, readIdCursor(input), input.limit + 1],
  );
  return toPage(
    rows,
    input.limit,
    (container) => container,
    (container) => container.container_id,
  );
}
