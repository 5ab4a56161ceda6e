import type { User } from "@berth/spec/user.ts";
import type { AuthedContext } from "../context.ts";
import { noSuchUser, toUser } from "./view.ts";

/** By account. NOT_FOUND also for one who was deleted. */
export async function getUser({ db, actor }: AuthedContext, { account }: { account: string }): Promise<User> {
  const row = await db.users.findUnique({ where: { account } });
  if (!row || row.deleted_at) throw noSuchUser(account);
  return toUser(row, { showsContact: row.user_id === actor.user_id || actor.role === "admin" });
}
