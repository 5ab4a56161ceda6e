import type { Me } from "@berth/spec/user.ts";
import type { AuthedContext } from "../context.ts";
import { getManagedUser } from "./get.ts";

/** With one's own quota, and what of it is used. */
export async function me({ sql, actor }: AuthedContext): Promise<Me> {
  const { disabled: _, created_at: __, ...self } = await getManagedUser({ sql }, actor);
  return self;
}
