import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image, ImageSource, PublishImageInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { noSuchImage } from "./get.ts";
import { insertPublicImage } from "./insert.ts";

interface Published {
  name: string;
  display_name: string | null;
  description: string | null;
  create_params: unknown;
  source: ImageSource;
  parent_image_id: number | null;
  digest: string | null;
  phase: string | null;
  is_on_registry: boolean;
  not_saved: string[];
  baked_env: string[];
}

/**
 * Gives the content of an image a public name, for everybody. Both are there from then on, each to be deleted by itself.
 * CONFLICT for one that is not ready, or not on Berth's registry.
 */
export const publishImage = (ctx: AuthedContext, { image_id, name }: PublishImageInput): Promise<Image> =>
  insertPublicImage(ctx, "publish", async (tx) => {
    const [image] = await prismaSql(tx)<Published>(
      `SELECT i.name, i.display_name, i.description, i.create_params, i.source, i.parent_image_id, s.digest, s.phase,
              i.reference IS NULL AS is_on_registry, i.not_saved, i.baked_env
       FROM images i LEFT JOIN image_status s USING (image_id)
       WHERE i.image_id = $1 AND i.desired = 'present' FOR SHARE OF i`,
      [image_id],
    );
    if (!image) throw noSuchImage(image_id);
    const { digest, phase, is_on_registry, name: from, ...said } = image;
    if (!is_on_registry || digest === null || phase !== "Ready") {
      throw new DomainError("CONFLICT", `${from} is not ready on the registry: only what is there can be published.`);
    }
    return { ...said, name, recipe: { type: "copy", from, digest }, machine_id: null };
  });
