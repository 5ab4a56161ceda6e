import type { Sql } from "../sql.ts";

/** The names of some 60 bytes each make a token that every header has room for. */
const AT_MOST = 1_000;

/** `public/…`, without tags, that hold an image which is ready; the newest first where there are too many. */
export async function listPublicRepositories(sql: Sql): Promise<string[]> {
  const rows = await sql<{ repository: string }>(
    `SELECT split_part(i.name, ':', 1) AS repository FROM images i JOIN image_status s USING (image_id)
     WHERE i.user_id IS NULL AND i.reference IS NULL AND i.desired = 'present' AND s.phase = 'Ready'
     GROUP BY 1 ORDER BY max(i.image_id) DESC LIMIT $1`,
    [AT_MOST],
  );
  return rows.map(({ repository }) => repository);
}
