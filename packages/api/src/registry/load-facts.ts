import type { Sql } from "@berth/db/sql.ts";
import type { RegistryAccess } from "@berth/docker/registry/access.ts";
import type { AccessFacts } from "./decide-access.ts";

interface Asker extends Pick<AccessFacts, "account" | "role" | "mayWrite"> {
  user_id: number;
}

/**
 * A repository is another's to pull from where all that it holds is shared with the asker, also what is still to be
 * deleted: scopes name repositories, not tags. What an engine has from elsewhere is not in it.
 */
export async function loadAccessFacts(
  sql: Sql,
  { user_id, account, role, mayWrite }: Asker,
  asked: readonly RegistryAccess[],
): Promise<AccessFacts> {
  const repositories = asked.map(({ name }) => name);
  const [facts] = await sql<{ userPush: boolean; isCollecting: boolean; shared: string[] }>(
    `SELECT COALESCE((SELECT value = 'true' FROM settings WHERE key = 'user_push'), false) AS "userPush",
            COALESCE((SELECT value ->> 'state' = 'collecting' FROM settings WHERE key = 'registry'), false) AS "isCollecting",
            ARRAY (
              SELECT split_part(i.name, ':', 1)
              FROM images i JOIN users u USING (user_id) LEFT JOIN image_status s USING (image_id)
              WHERE u.account = ANY ($2::text[]) AND split_part(i.name, ':', 1) = ANY ($3::text[])
                AND i.reference IS NULL AND (i.desired = 'present' OR s.phase IS DISTINCT FROM 'Deleted')
              GROUP BY 1
              HAVING bool_and($1 = ANY (i.shared_with)) AND bool_or(i.desired = 'present')
            ) AS shared`,
    [user_id, repositories.map((name) => name.split("/", 1)[0]), repositories],
  );
  if (!facts) throw new Error("a SELECT without FROM gave no row");
  return { account, role, mayWrite, ...facts, shared: new Set(facts.shared) };
}
