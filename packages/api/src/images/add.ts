import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AddImageInput, Image } from "@berth/spec/image.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { checkImageQuota } from "../users/image-quota.ts";
import { getImage } from "./get.ts";

/**
 * Records an image that Berth neither builds nor keeps: engines hold it, or pull it by its reference. It is public, or
 * the account's in whose namespace it is named, whose quota it then takes room of.
 */
export async function addImage(ctx: AuthedContext, input: AddImageInput): Promise<Image> {
  const { name, reference, display_name, description } = input;
  try {
    return await transact(ctx.db, async (tx) => {
      const user_id = await ownerOf(tx, name);
      if (user_id !== null) await checkImageQuota(prismaSql(tx), user_id, { isOnRegistry: false });
      const { image_id } = await tx.images.create({
        data: {
          name,
          reference,
          user_id,
          display_name: display_name ?? null,
          description: description ?? null,
          create_params: CreateParams.parse(input.create_params ?? {}),
          source: "external",
          status: { create: { phase: "Ready" } },
        },
      });
      const details = { name, reference };
      await recordAudit(tx, ctx, { action: "add", noun: "image", object_id: image_id, details });
      return getImage({ sql: prismaSql(tx), actor: ctx.actor }, { image_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `There is an image ${name} already.`);
    throw error;
  }
}

/** Null for `public/…`. */
async function ownerOf(tx: Tx, name: string): Promise<number | null> {
  const namespace = name.slice(0, name.indexOf("/"));
  if (namespace === "public") return null;
  // Locked: deleting a user looks for what they own.
  const [owner] = await prismaSql(tx)<{ user_id: number }>(
    "SELECT user_id FROM users WHERE account = $1 AND deleted_at IS NULL FOR KEY SHARE",
    [namespace],
  );
  if (owner) return owner.user_id;
  throw new DomainError("UNPROCESSABLE", `An image is named public/… or by an account, and there is no ${namespace}.`);
}
