import { REGISTRY_CHANNEL } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { RegistryStatus } from "@berth/spec/registry.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isOurs, readRegistryStatus } from "./status.ts";

/**
 * Asks for a garbage collection now: what runs the registry hears it, and the status tells when it begins. CONFLICT where
 * there is nothing to ask, or one is under way.
 */
export async function collectGarbage(ctx: AuthedContext): Promise<RegistryStatus> {
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const status = await readRegistryStatus(sql);
    const obstacle = obstacleOf(status);
    if (obstacle !== null) throw new DomainError("CONFLICT", obstacle);
    await recordAudit(tx, ctx, { action: "collect", noun: "registry", object_id: "registry" });
    await sql("SELECT pg_notify($1, 'collect')::text", [REGISTRY_CHANNEL]);
    return status;
  });
}

function obstacleOf(status: RegistryStatus): string | null {
  if (status.state === "missing") return status.message || "No registry runs.";
  if (!isOurs(status)) return "Berth did not start this registry: collect its garbage where it runs.";
  if (status.state === "collecting") return "Garbage is being collected already.";
  return status.state === "starting" ? "The registry does not run yet: try again in a moment." : null;
}
