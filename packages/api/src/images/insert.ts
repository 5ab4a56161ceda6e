import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image, ImageRecipe, ImageSource } from "@berth/spec/image.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { getImage } from "./get.ts";

export interface NewPublicImage {
  name: string;
  display_name?: string | null | undefined;
  description?: string | null | undefined;
  create_params?: unknown;
  source: ImageSource;
  recipe: ImageRecipe;
  machine_id: string | null;
  parent_image_id: number | null;
  not_saved?: string[];
  baked_env?: string[];
}

/** Records a public image that the reconciler is to make. CONFLICT where the name is taken. `details` go to the audit log. */
export async function insertPublicImage(
  ctx: AuthedContext,
  action: string,
  prepare: (tx: Tx) => Promise<NewPublicImage>,
): Promise<Image> {
  let taken = "";
  try {
    return await transact(ctx.db, async (tx) => {
      const { name, recipe, source, machine_id, parent_image_id, ...said } = await prepare(tx);
      taken = name;
      const { image_id } = await tx.images.create({
        data: {
          name,
          display_name: said.display_name ?? null,
          description: said.description ?? null,
          create_params: CreateParams.parse(said.create_params ?? {}),
          not_saved: said.not_saved ?? [],
          baked_env: said.baked_env ?? [],
          source,
          recipe,
          machine_id,
          parent_image_id,
          status: { create: {} },
        },
      });
      await recordAudit(tx, ctx, { action, noun: "image", object_id: image_id, details: { name } });
      return getImage({ sql: prismaSql(tx), actor: ctx.actor }, { image_id });
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new DomainError(
      "CONFLICT",
      `There is an image ${taken} already: new content is a new tag, or delete that first.`,
    );
  }
}
