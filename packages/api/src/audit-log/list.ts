import type { AuditEntry, ListAuditInput } from "@berth/spec/audit.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";

interface AuditRow extends Omit<AuditEntry, "audit_id" | "at"> {
  audit_id: bigint;
  at: Date;
}

/** Newest first; of one object, or of what one user did, where that is asked for. */
export async function listAudit({ sql }: AuthedContext, input: ListAuditInput): Promise<Page<AuditEntry>> {
  const rows = await sql<AuditRow>(
    `SELECT audit_id, at, user_id, account, action, noun, object_id, address, details FROM audit_log
     WHERE ($1::text IS NULL OR noun = $1) AND ($2::text IS NULL OR object_id = $2)
       AND ($3::int IS NULL OR user_id = $3) AND ($4::bigint IS NULL OR audit_id < $4::bigint)
     ORDER BY audit_id DESC LIMIT $5`,
    [input.noun ?? null, input.object_id ?? null, input.user_id ?? null, readIdCursor(input), input.limit + 1],
  );
  return toPage(rows, input.limit, toEntry, (row) => row.audit_id);
}

const toEntry = ({ audit_id, at, ...row }: AuditRow): AuditEntry => ({
  ...row,
  audit_id: String(audit_id),
  at: at.toISOString(),
});
