import type { Me } from "@berth/spec/user.ts";
import type { AuthedContext } from "../context.ts";
import { toMe } from "./view.ts";

export const me = async ({ db, actor }: AuthedContext): Promise<Me> =>
  toMe(await db.users.findUniqueOrThrow({ where: { user_id: actor.user_id } }));
