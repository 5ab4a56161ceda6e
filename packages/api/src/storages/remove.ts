import { prismaSql } from "@berth/db/sql.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { lockStorage, refuseInUse } from "./in-use.ts";
import { lockStorages } from "./place.ts";

/** It is offered no longer. What is in it stays on its machines. CONFLICT with `details.containers` while some use it. */
export async function removeStorage(ctx: AuthedContext, { storage_id }: { storage_id: number }): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    await lockStorages(sql);
    const storage = await lockStorage(sql, tx, storage_id);
    await refuseInUse(sql, storage);
    await tx.storages.delete({ where: { storage_id } });
    const { name, path, machine_id } = storage;
    const details = { name, path, machine_id };
    await recordAudit(tx, ctx, { action: "remove", noun: "storage", object_id: storage_id, details });
  });
}
