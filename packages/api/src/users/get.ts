import type { Sql } from "@berth/db/sql.ts";
import type { ManagedUser } from "@berth/spec/user.ts";
import { noSuchUser, selectManagedUsers } from "./view.ts";

/** As an admin sees a user. */
export async function getManagedUser({ sql }: { sql: Sql }, { user_id }: { user_id: number }): Promise<ManagedUser> {
  const [user] = await selectManagedUsers(sql, "u.user_id = $1", [user_id]);
  if (!user) throw noSuchUser(user_id);
  return user;
}
