import { prismaSql } from "@berth/db/sql.ts";
import type { Image, MirrorImageInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { findBuilder } from "./find-builder.ts";
import { insertPublicImage } from "./insert.ts";

/** Brings an image of another registry onto Berth's, as a builder's engine pulls it. UNPROCESSABLE without a builder. */
export const mirrorImage = (ctx: AuthedContext, input: MirrorImageInput): Promise<Image> =>
  insertPublicImage(ctx, "mirror", async (tx) => {
    const { from, machine_id, ...said } = input;
    return {
      ...said,
      source: "mirror",
      recipe: { type: "mirror", from },
      machine_id: await findBuilder(prismaSql(tx), machine_id),
      parent_image_id: null,
    };
  });
