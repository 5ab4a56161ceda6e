import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { changeImage, type FoundImage, refuseAbsent } from "./change.ts";

/**
 * Asks that an image is not made any further: it fails then. CONFLICT where it is there, or has failed already. One that
 * ends in this very moment may be there all the same.
 */
export const cancelImage = (ctx: AuthedContext, { image_id }: { image_id: number }): Promise<Image> =>
  changeImage(ctx, image_id, "cancel", async (tx, image) => {
    refuseAbsent(image);
    const phase = await phaseOf(tx, image);
    if (phase === "Ready" || phase === "Failed") {
      throw new DomainError("CONFLICT", `${image.name} is ${phase} already: there is nothing to cancel.`);
    }
    await tx.images.update({ where: { image_id }, data: { cancelled: true } });
    return undefined;
  });

export async function phaseOf(tx: Tx, { image_id }: FoundImage): Promise<string> {
  const [status] = await prismaSql(tx)<{ phase: string }>("SELECT phase FROM image_status WHERE image_id = $1", [
    image_id,
  ]);
  return status?.phase ?? "Waiting";
}
