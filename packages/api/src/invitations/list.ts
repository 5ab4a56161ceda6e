import type { invitations } from "@berth/db/generated/client.ts";
import type { Invitation } from "@berth/spec/invitation.ts";
import type { PageInput } from "@berth/spec/page.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { toInvitation } from "./view.ts";

/** Newest first; those that are used up or expired are shown for a while, too. */
export async function listInvitations({ sql }: AuthedContext, input: PageInput): Promise<Page<Invitation>> {
  const rows = await sql<invitations>(
    `SELECT * FROM invitations WHERE $1::bigint IS NULL OR invitation_id < $1::bigint
     ORDER BY invitation_id DESC LIMIT $2`,
    [readIdCursor(input), input.limit + 1],
  );
  return toPage(rows, input.limit, toInvitation, (row) => row.invitation_id);
}
