import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { phaseOf } from "./cancel.ts";
import { changeImage, refuseAbsent } from "./change.ts";

/** Has a Failed image made again, from the same files. CONFLICT for one that has not failed, or whose files are gone. */
export const retryImage = (ctx: AuthedContext, { image_id }: { image_id: number }): Promise<Image> =>
  changeImage(ctx, image_id, "retry", async (tx, image) => {
    refuseAbsent(image);
    const phase = await phaseOf(tx, image);
    if (phase !== "Failed")
      throw new DomainError("CONFLICT", `${image.name} is ${phase}: only what Failed is retried.`);
    const [files] = await prismaSql(tx)<{ are_gone: boolean }>(
      `SELECT NOT EXISTS (SELECT 1 FROM blobs b WHERE b.blob_id::text = i.recipe ->> 'blob_id') AS are_gone
       FROM images i WHERE i.image_id = $1 AND i.recipe ->> 'blob_id' IS NOT NULL`,
      [image_id],
    );
    if (files?.are_gone) {
      throw new DomainError("CONFLICT", `The files that ${image.name} was built from are gone: build it anew.`);
    }
    const { run } = await tx.images.update({
      where: { image_id },
      data: { cancelled: false, run: { increment: 1 } },
      select: { run: true },
    });
    return { run };
  });
