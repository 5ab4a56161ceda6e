import { type Me, Role } from "@berth/spec/user.ts";
import type { AuthedContext } from "../context.ts";

export async function me({ db, actor }: AuthedContext): Promise<Me> {
  const { user_id, account, nickname, role } = await db.users.findUniqueOrThrow({ where: { user_id: actor.user_id } });
  return { user_id, account, nickname, role: Role.parse(role) };
}
