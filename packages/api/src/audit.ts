import type { Tx } from "@berth/db/client.ts";
import type { AuditNoun } from "@berth/spec/audit.ts";
import type { Person } from "./context.ts";

export interface AuditEntry {
  /** "create", "stop", … */
  action: string;
  noun: AuditNoun;
  object_id: string | number;
  /** What changed, by name. Never a password, a token or the value of a variable. */
  details?: Record<string, string | number | boolean | null | string[]>;
}

/** Belongs to the transaction of the change that it tells of. */
export async function recordAudit(
  tx: Tx,
  { actor, address }: { actor: Pick<Person, "user_id" | "account">; address: string | null },
  entry: AuditEntry,
): Promise<void> {
  await tx.audit_log.create({
    data: {
      user_id: actor.user_id,
      account: actor.account,
      action: entry.action,
      noun: entry.noun,
      object_id: String(entry.object_id),
      address,
      details: entry.details ?? {},
    },
  });
}
