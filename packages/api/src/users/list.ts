import type { ListUsersInput, ManagedUser } from "@berth/spec/user.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { selectManagedUsers } from "./view.ts";

/** By their id; those whose account or nickname has `search` in it, in either case. */
export async function listUsers({ sql }: AuthedContext, input: ListUsersInput): Promise<Page<ManagedUser>> {
  const rows = await selectManagedUsers(
    sql,
    `($1::text IS NULL OR strpos(lower(u.account), lower($1)) > 0 OR strpos(lower(u.nickname), lower($1)) > 0)
     AND ($2::bigint IS NULL OR u.user_id > $2::bigint)
     ORDER BY u.user_id LIMIT $3`,
    [input.search ?? null, readIdCursor(input), input.limit + 1],
  );
  return toPage(
    rows,
    input.limit,
    (user) => user,
    (user) => user.user_id,
  );
}
