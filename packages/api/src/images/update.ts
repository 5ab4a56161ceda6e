import type { Image, UpdateImageInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { changeImage, refuseAbsent } from "./change.ts";

/** What is said of an image, and the dictionary that containers start from. Those that exist keep theirs. */
export const updateImage = (ctx: AuthedContext, { image_id, ...fields }: UpdateImageInput): Promise<Image> =>
  changeImage(ctx, image_id, "update", async (tx, image) => {
    refuseAbsent(image);
    const changed = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (changed.length > 0) await tx.images.update({ where: { image_id }, data: Object.fromEntries(changed) });
    return { fields: changed.map(([name]) => name) };
  });
