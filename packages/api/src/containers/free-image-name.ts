import type { Tx } from "@berth/db/client.ts";
import type { LockedContainer } from "./lock.ts";

/**
 * `<account>/<name>:<purpose>-<the generation that asks for it>`, for what is kept of a container; with the uid's start
 * where an earlier container of this name has kept something under the same number.
 */
export async function freeImageName(
  tx: Tx,
  { account, name, uid, generation }: LockedContainer,
  purpose: "keep" | "move",
): Promise<string> {
  const repository = name.replace(/-+/g, "-").replace(/-$/, ""); // what an image's name allows
  const wanted = `${account}/${repository}:${purpose}-${generation + 1}`;
  const taken = await tx.images.count({ where: { name: wanted, desired: "present" } });
  return taken === 0 ? wanted : `${wanted}-${uid.slice(0, 8)}`;
}
