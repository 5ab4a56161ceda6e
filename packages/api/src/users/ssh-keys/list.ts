import type { SshKey } from "@berth/spec/ssh-key.ts";
import type { AuthedContext } from "../../context.ts";
import type { Page } from "../../page.ts";
import { parseSshKey } from "./parse.ts";

/** One's own, in the order in which they were added; all on one page. */
export async function listSshKeys({ db, actor }: AuthedContext): Promise<Page<SshKey>> {
  const { ssh_public_keys } = await db.users.findUniqueOrThrow({ where: { user_id: actor.user_id } });
  return { items: ssh_public_keys.map(parseSshKey), next_cursor: null };
}
