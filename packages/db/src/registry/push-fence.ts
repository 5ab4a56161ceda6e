import type { Sql } from "../sql.ts";
import { REGISTRY_CHANNEL } from "./record.ts";

/**
 * Garbage collection deletes what is uploaded between its layers and its manifest, so nobody pushes while it runs. Both
 * sides meet at the registry's row of the settings: a push shares its lock, a collection changes it. Whichever comes
 * second sees what the first one did.
 */

export const COLLECTING_MESSAGE = "Pushes wait until garbage collection has ended.";

const IS_HOLDER_ALIVE = `EXISTS (
  SELECT 1 FROM reconcilers r WHERE r.holder = operations.holder AND r.expires_at > clock_timestamp())`;
const IS_OPEN_PUSH = "kind = 'push' AND noun = 'image' AND state = 'running'";

/**
 * Opens a push of this image and returns its operation. Null where it has to wait: while the registry collects, where none
 * is recorded, or while another reconciler that lives pushes the same image. What `holder` itself or a dead one left open
 * is taken over under a new number, so that its former owner can't end it.
 */
export async function beginPush(sql: Sql, push: { image_id: number; holder: string }): Promise<bigint | null> {
  const [row] = await sql<{ operation_id: string }>(
    `WITH open AS (
       SELECT 1 FROM settings WHERE key = 'registry' AND value ->> 'state' <> 'collecting' FOR SHARE
     )
     INSERT INTO operations (kind, noun, object_id, state, holder)
     SELECT 'push', 'image', $1::text, 'running', $2::uuid FROM open
     ON CONFLICT (kind, noun, object_id) WHERE state IN ('waiting', 'running') DO UPDATE
       SET operation_id = EXCLUDED.operation_id, state = 'running', holder = EXCLUDED.holder, progress = NULL,
           total = NULL, message = '', created_at = EXCLUDED.created_at
       WHERE operations.holder IS NULL OR operations.holder = EXCLUDED.holder OR NOT ${IS_HOLDER_ALIVE}
     RETURNING operation_id::text`,
    [String(push.image_id), push.holder],
  );
  return row ? BigInt(row.operation_id) : null;
}

/** Safe to repeat. */
export async function endPush(sql: Sql, operationId: bigint): Promise<void> {
  await sql("DELETE FROM operations WHERE operation_id = $1 AND kind = 'push'", [operationId.toString()]);
}

/** Whether a reconciler that lives pushes this image now. */
export async function isBeingPushed(sql: Sql, imageId: number): Promise<boolean> {
  const rows = await sql(`SELECT 1 FROM operations WHERE ${IS_OPEN_PUSH} AND object_id = $1 AND ${IS_HOLDER_ALIVE}`, [
    String(imageId),
  ]);
  return rows.length > 0;
}

/** How many pushes go on. Those of reconcilers that are dead are forgotten. */
export async function countPushes(sql: Sql): Promise<number> {
  const [row] = await sql<{ pushes: number }>(
    `WITH abandoned AS (DELETE FROM operations WHERE ${IS_OPEN_PUSH} AND NOT ${IS_HOLDER_ALIVE})
     SELECT count(*)::int AS pushes FROM operations WHERE ${IS_OPEN_PUSH} AND ${IS_HOLDER_ALIVE}`,
  );
  return row?.pushes ?? 0;
}

/**
 * From now on no push begins; those that go on are still to be waited for. False, and nothing is changed, where the
 * registry does not run. Who writes the record's state again ends it.
 */
export async function beginCollection(sql: Sql): Promise<boolean> {
  const rows = await sql(
    `WITH begun AS (
       UPDATE settings
       SET value = value || jsonb_build_object('state', 'collecting', 'message', $1::text)
       WHERE key = 'registry' AND value ->> 'state' = 'running' RETURNING 1
     ) SELECT pg_notify('${REGISTRY_CHANNEL}', '')::text FROM begun`,
    [COLLECTING_MESSAGE],
  );
  return rows.length > 0;
}
