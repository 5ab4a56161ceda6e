import { prismaSql } from "@berth/db/sql.ts";
import { type Storage, StorageKind, type UpdateStorageInput } from "@berth/spec/storage.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { lockStorage, refuseInUse } from "./in-use.ts";
import { lockStorages, perUserOf, refuseBadPlace } from "./place.ts";
import { toStorage } from "./view.ts";

/**
 * What is said of it may change at any time. CONFLICT with `details.containers` for another kind, directory or machine
 * while containers use it: their data would be elsewhere from one day to the next.
 */
export const updateStorage = (ctx: AuthedContext, input: UpdateStorageInput): Promise<Storage> =>
  transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const { storage_id, ...fields } = input;
    await lockStorages(sql);
    const before = await lockStorage(sql, tx, storage_id);
    const { display_name = before.display_name, description = before.description } = fields;
    const { machine_id = before.machine_id, path = before.path } = fields;
    const kind = fields.kind ?? StorageKind.parse(before.kind);
    const kept = kind === before.kind ? before.per_user : undefined;
    const place = { name: before.name, kind, per_user: perUserOf(kind, fields.per_user ?? kept), machine_id, path };
    const moved = (["kind", "per_user", "machine_id", "path"] as const).filter((one) => place[one] !== before[one]);
    if (moved.length > 0) {
      await refuseInUse(sql, before);
      await refuseBadPlace(sql, place, storage_id);
    }
    const row = await tx.storages.update({ where: { storage_id }, data: { ...place, display_name, description } });
    const details = { name: before.name, fields: Object.keys(fields), ...(moved.includes("path") && { path }) };
    await recordAudit(tx, ctx, { action: "update", noun: "storage", object_id: storage_id, details });
    return toStorage(row, ctx.actor);
  });
