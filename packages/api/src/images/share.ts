import { DomainError } from "@berth/spec/error-code.ts";
import type { Image, ShareImageInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { changeImage, refuseAbsent } from "./change.ts";

/**
 * Lets exactly these users start containers from an image. NOT_FOUND with `details.accounts` for who is not known,
 * CONFLICT for a public image, which everybody has. Containers of who is not named any more go on.
 */
export const shareImage = (ctx: AuthedContext, { image_id, accounts }: ShareImageInput): Promise<Image> =>
  changeImage(ctx, image_id, "share", async (tx, image) => {
    refuseAbsent(image);
    if (image.user_id === null) throw new DomainError("CONFLICT", `${image.name} is public: everybody has it.`);
    const users = await tx.users.findMany({
      where: { account: { in: accounts }, deleted_at: null },
      select: { user_id: true, account: true },
    });
    const known = new Set(users.map(({ account }) => account));
    const unknown = accounts.filter((account) => !known.has(account));
    if (unknown.length > 0) {
      throw new DomainError("NOT_FOUND", `There is no user ${unknown.join(", ")}.`, { accounts: unknown });
    }
    const others = users.map(({ user_id }) => user_id).filter((user_id) => user_id !== image.user_id);
    await tx.images.update({ where: { image_id }, data: { shared_with: others } });
    return { accounts: [...known].toSorted() };
  });
