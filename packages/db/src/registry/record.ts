import { CollectionRecord, RegistryRecord } from "@berth/spec/registry.ts";
import type { Sql } from "../sql.ts";

/** Told with an empty payload when the registry's record, or a wish to collect, has changed. */
export const REGISTRY_CHANNEL = "berth_registry";

/** Null where no registry was ever recorded. A row of a later release that can't be read counts as none. */
export async function readRegistry(sql: Sql): Promise<RegistryRecord | null> {
  const [row] = await sql<{ value: unknown }>("SELECT value FROM settings WHERE key = 'registry'");
  return RegistryRecord.safeParse(row?.value).data ?? null;
}

export async function writeRegistry(sql: Sql, record: RegistryRecord): Promise<void> {
  await sql(
    `WITH written AS (
       INSERT INTO settings (key, value) VALUES ('registry', $1::jsonb)
       ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value RETURNING 1
     ) SELECT pg_notify('${REGISTRY_CHANNEL}', '')::text FROM written`,
    [JSON.stringify(RegistryRecord.parse(record))],
  );
}

export async function readCollection(sql: Sql): Promise<CollectionRecord | null> {
  const [row] = await sql<{ value: unknown }>("SELECT value FROM settings WHERE key = 'registry_gc'");
  return CollectionRecord.safeParse(row?.value).data ?? null;
}

export async function writeCollection(sql: Sql, record: CollectionRecord): Promise<void> {
  await sql(
    "INSERT INTO settings (key, value) VALUES ('registry_gc', $1::jsonb) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
    [JSON.stringify(CollectionRecord.parse(record))],
  );
}
