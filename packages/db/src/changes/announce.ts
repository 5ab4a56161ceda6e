import type { Change } from "@berth/spec/live.ts";
import type { Sql } from "../sql.ts";

/** On the wire: the audience is who may see it beside admins; null is everybody who is signed in. */
export type Announced = [noun: Change["noun"], id: string | null, audience: number[] | null];

/** PostgreSQL refuses a payload of 8,000 bytes. */
const PAYLOAD_BYTES = 7_900;
const AUDIENCE = 500;

/**
 * Tells every server that these changed; the triggers tell what people write, this is for status. A change without an id
 * says that any of its noun may have. One notice carries many, and all of them are one commit: NOTIFY serialises commits.
 */
export async function announceChanges(sql: Sql, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const audiences = await loadAudiences(sql, changes);
  const announced = changes.flatMap(({ noun, id }): Announced[] => {
    if (id === null || noun === "machine" || noun === "settings") return [[noun, id, null]];
    const audience = audiences.get(`${noun} ${id}`);
    // A row that has gone was told of by its trigger.
    return audience === undefined ? [] : [[noun, id, audience]];
  });
  await sql("SELECT pg_notify('berth_change', payload)::text FROM unnest($1::text[]) AS payload", [
    toPayloads(announced),
  ]);
}

async function loadAudiences(sql: Sql, changes: readonly Change[]): Promise<Map<string, number[] | null>> {
  const idsOf = (noun: Change["noun"]): number[] =>
    changes.flatMap((change) => (change.noun === noun && change.id !== null ? [Number(change.id)] : []));
  const asked = [idsOf("container"), idsOf("image"), idsOf("user")];
  if (asked.every((ids) => ids.length === 0)) return new Map();
  const rows = await sql<{ key: string; audience: number[] | null }>(
    `SELECT 'container ' || container_id AS key, ARRAY[user_id] AS audience FROM containers
       WHERE container_id = ANY ($1::int[])
     UNION ALL
     SELECT 'image ' || image_id, CASE WHEN user_id IS NOT NULL THEN user_id || shared_with END FROM images
       WHERE image_id = ANY ($2::int[])
     UNION ALL
     SELECT 'user ' || user_id, ARRAY[user_id] FROM users WHERE user_id = ANY ($3::int[])`,
    asked,
  );
  return new Map(rows.map(({ key, audience }) => [key, audience]));
}

/** JSON arrays of as many as fit. */
export function toPayloads(announced: readonly Announced[]): string[] {
  const payloads: string[] = [];
  let entries: string[] = [];
  let bytes = 2;
  for (const entry of announced.flatMap(splitAudience).map((change) => JSON.stringify(change))) {
    const size = Buffer.byteLength(entry) + 1;
    if (bytes + size > PAYLOAD_BYTES && entries.length > 0) {
      payloads.push(`[${entries.join()}]`);
      entries = [];
      bytes = 2;
    }
    entries.push(entry);
    bytes += size;
  }
  if (entries.length > 0) payloads.push(`[${entries.join()}]`);
  return payloads;
}

/** What is shared with thousands would not fit whole. */
function splitAudience([noun, id, audience]: Announced): Announced[] {
  if (audience === null || audience.length <= AUDIENCE) return [[noun, id, audience]];
  const parts = Array.from({ length: Math.ceil(audience.length / AUDIENCE) }, (_, part) =>
    audience.slice(part * AUDIENCE, (part + 1) * AUDIENCE),
  );
  return parts.map((part) => [noun, id, part]);
}
