import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { CreateStorageInput, Storage } from "@berth/spec/storage.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { lockStorages, perUserOf, refuseBadPlace } from "./place.ts";
import { toStorage } from "./view.ts";

const STORAGES_AT_MOST = 500;

/**
 * Offers a storage. Nothing happens on a machine: a directory is the admin's to have there, and a volume comes with the
 * first container. CONFLICT where its name or its directory is another's.
 */
export const createStorage = (ctx: AuthedContext, input: CreateStorageInput): Promise<Storage> =>
  transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    await lockStorages(sql);
    if ((await tx.storages.count()) >= STORAGES_AT_MOST) {
      throw new DomainError("CONFLICT", `There are ${STORAGES_AT_MOST} storages, and no more are possible.`);
    }
    const { name, kind } = input;
    const place = {
      name,
      kind,
      per_user: perUserOf(kind, input.per_user),
      machine_id: input.machine_id ?? null,
      path: input.path ?? null,
    };
    await refuseBadPlace(sql, place, null);
    const said = { display_name: input.display_name ?? null, description: input.description ?? null };
    const row = await tx.storages.create({ data: { ...place, ...said } });
    const { path, machine_id } = place;
    const details = { name, kind, path, machine_id };
    await recordAudit(tx, ctx, { action: "create", noun: "storage", object_id: row.storage_id, details });
    return toStorage(row, ctx.actor);
  });
