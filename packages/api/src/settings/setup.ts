import type { Sql } from "@berth/db/sql.ts";
import type { Setup } from "@berth/spec/settings.ts";
import { FIRST_ADMIN_ACTION } from "../auth/ensure-first-admin.ts";
import { readRegistryStatus } from "../registry/status.ts";
import { readSettings } from "./read.ts";

/** What is there and what is still to be done, looked up each time: nothing here is ticked off by hand. */
export async function readSetup(sql: Sql): Promise<Setup> {
  const [first_password, [counts], { state, message }, settings] = await Promise.all([
    readFirstPassword(sql),
    sql<Omit<Setup, "first_password" | "registry" | "registry_message" | "dismissed">>(
      `SELECT (SELECT count(*)::int FROM machines m JOIN machine_status s USING (machine_id)
               WHERE s.online AND m.state <> 'decommissioned') AS machines_online,
              (SELECT count(*)::int FROM machines WHERE state <> 'decommissioned') AS machines,
              (SELECT count(*)::int FROM images i JOIN image_status s USING (image_id)
               WHERE i.user_id IS NULL AND i.desired = 'present' AND s.phase = 'Ready') AS images,
              (SELECT GREATEST(count(*)::int - 1, 0) FROM users WHERE deleted_at IS NULL) AS people,
              (SELECT count(*)::int FROM invitations WHERE uses_left > 0 AND expires_at > now()) AS invitations`,
    ),
    readRegistryStatus(sql),
    readSettings(sql),
  ]);
  if (!counts) throw new Error("an aggregate answered no row");
  const isReached = state === "running" || state === "collecting";
  return {
    ...counts,
    first_password,
    registry: isReached,
    registry_message: isReached ? "" : message,
    dismissed: settings.setup_dismissed,
  };
}

/** The first entry of the audit log tells how the first admin was made. */
async function readFirstPassword(sql: Sql): Promise<Setup["first_password"]> {
  const [row] = await sql<NonNullable<Setup["first_password"]>>(
    `SELECT u.account, EXISTS (
              SELECT 1 FROM audit_log p WHERE p.noun = 'user' AND p.object_id = a.object_id AND p.action = 'set password'
            ) AS changed
     FROM audit_log a JOIN users u ON u.user_id::text = a.object_id AND u.deleted_at IS NULL
     WHERE a.audit_id = (SELECT min(audit_id) FROM audit_log) AND a.action = $1 AND a.details @> '{"generated": true}'`,
    [FIRST_ADMIN_ACTION],
  );
  return row ?? null;
}
