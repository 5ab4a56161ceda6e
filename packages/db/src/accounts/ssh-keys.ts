import type { Sql } from "../sql.ts";

/** SQL over `u` (users): nobody gets in by the keys of an account that is disabled. */
const KEYS = "CASE WHEN u.disabled_at IS NULL AND u.deleted_at IS NULL THEN u.ssh_public_keys ELSE '{}' END";

/** SQL over `u` (users): which keys these are. */
export const KEYS_HASH = `encode(sha256(convert_to(array_to_string(${KEYS}, E'\\n'), 'UTF8')), 'hex')`;

/** The keys of a container's owner, as lines of authorized_keys, with their hash. */
export async function loadSshKeys(sql: Sql, containerId: number): Promise<{ keys: string[]; hash: string }> {
  const [row] = await sql<{ keys: string[]; hash: string }>(
    `SELECT ${KEYS} AS keys, ${KEYS_HASH} AS hash
     FROM containers c JOIN users u USING (user_id) WHERE c.container_id = $1`,
    [containerId],
  );
  return row ?? { keys: [], hash: "" };
}
