import type { storages } from "@berth/db/generated/client.ts";
import type { ListStoragesInput, Storage } from "@berth/spec/storage.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { toStorage } from "./view.ts";

/** Oldest first. Whoever is signed in may use all of them. */
export async function listStorages(
  { sql, actor }: Pick<AuthedContext, "sql" | "actor">,
  input: ListStoragesInput,
): Promise<Page<Storage>> {
  const rows = await sql<storages>(
    `SELECT * FROM storages
     WHERE ($1::text IS NULL OR machine_id IS NULL OR machine_id = $1) AND ($2::bigint IS NULL OR storage_id > $2::bigint)
     ORDER BY storage_id LIMIT $3`,
    [input.machine_id ?? null, readIdCursor(input), input.limit + 1],
  );
  return toPage(
    rows,
    input.limit,
    (row) => toStorage(row, actor),
    (row) => row.storage_id,
  );
}
