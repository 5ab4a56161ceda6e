import { prismaSql } from "@berth/db/sql.ts";
import type { Settings, UpdateSettingsInput } from "@berth/spec/settings.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { readSettings } from "./read.ts";

/** Sets what is given; all servers know at once. */
export async function updateSettings(ctx: AuthedContext, input: UpdateSettingsInput): Promise<Settings> {
  const given = Object.entries(input).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
  return transact(ctx.db, async (tx) => {
    for (const { key, value } of given) {
      await tx.settings.upsert({ where: { key }, create: { key, value }, update: { value } });
    }
    const details = Object.fromEntries(given.map(({ key, value }) => [key, value]));
    await recordAudit(tx, ctx, { action: "update", noun: "settings", object_id: "settings", details });
    return readSettings(prismaSql(tx));
  });
}
