import type { Tx } from "@berth/db/client.ts";
import type { storages } from "@berth/db/generated/client.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { noSuchStorage } from "./view.ts";

/** Its row, which no container begins to use before this transaction ends. */
export async function lockStorage(sql: Sql, tx: Tx, storageId: number): Promise<storages> {
  await sql("SELECT 1 FROM storages WHERE storage_id = $1 FOR UPDATE", [storageId]);
  const row = await tx.storages.findUnique({ where: { storage_id: storageId } });
  if (!row) throw noSuchStorage(storageId);
  return row;
}

/**
 * CONFLICT with `details.containers` while containers use it: as they are wanted, as they are made on their engine, or as a
 * recreate has set them aside; also one that is on its way to the storage's machine. For a storage whose row is locked.
 */
export async function refuseInUse(sql: Sql, { name, machine_id }: storages): Promise<void> {
  const rows = await sql<{ name: string }>(
    `SELECT u.account || '/' || c.name AS name
     FROM containers c JOIN users u USING (user_id)
     LEFT JOIN placements p USING (container_id) LEFT JOIN container_status s USING (container_id)
     WHERE ($1::text IS NULL OR COALESCE(p.machine_id, c.machine_id, $1) = $1
            OR EXISTS (SELECT 1 FROM moves v WHERE v.container_id = c.container_id AND v.to_machine_id = $1))
       AND (c.spec->'mounts' @> $2::jsonb OR s.applied->'made_from'->'spec'->'mounts' @> $2::jsonb
            OR EXISTS (SELECT 1 FROM held_containers h
                       WHERE h.container_id = c.container_id AND h.spec->'mounts' @> $2::jsonb))
     ORDER BY 1`,
    [machine_id, JSON.stringify([{ storage: name }])],
  );
  if (rows.length === 0) return;
  const containers = rows.map((row) => row.name);
  throw new DomainError("CONFLICT", `Containers use ${name}: ${containers.join(", ")}.`, { containers });
}
