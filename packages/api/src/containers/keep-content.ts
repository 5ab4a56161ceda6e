import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { checkImageQuota } from "../users/image-quota.ts";
import { freeImageName } from "./free-image-name.ts";
import type { LockedContainer } from "./lock.ts";

/** Nothing answers under `.invalid` (RFC 2606): what is kept on its engine is never pulled from anywhere. */
const NOWHERE = "berth.invalid";

/**
 * An image of what is inside the container now, to be committed before it is made anew, on its machine alone:
 * `<account>/<name>:keep-<the generation that asks for it>`. Returns its id. `mounted` is what that leaves out, as of `findMounted`. CONFLICT where there
 * is nothing that could be committed, or the owner may have no more images.
 */
export async function keepContent(tx: Tx, container: LockedContainer, mounted: string[] | null): Promise<number> {
  const { container_id, uid, user_id, spec, image_id: parent_image_id } = container;
  const status = await tx.container_status.findUnique({ where: { container_id } });
  if (!status?.engine_id) {
    throw new DomainError("CONFLICT", "It was never made, so there is nothing to preserve: say recreate: discard.");
  }
  const parent = await tx.images.findUniqueOrThrow({ where: { image_id: parent_image_id }, include: { status: true } });
  if (parent.status?.phase !== "Ready") {
    throw new DomainError("CONFLICT", "Its content is still being saved for an earlier change: try again after that.");
  }
  await checkImageQuota(prismaSql(tx), user_id, { isOnRegistry: false });
  const placement = await tx.placements.findUniqueOrThrow({ where: { container_id } });
  const name = await freeImageName(tx, container, "keep");
  const { image_id } = await tx.images.create({
    data: {
      name,
      reference: `${NOWHERE}/${name}`,
      user_id,
      source: "commit",
      origin_uid: uid,
      parent_image_id,
      machine_id: placement.machine_id,
      not_saved: mounted ?? spec.mounts.map(({ path }) => path).toSorted(),
      baked_env: [...new Set([...parent.baked_env, ...Object.keys(spec.env)])].toSorted(),
      create_params: CreateParams.parse(parent.create_params),
      status: { create: { phase: "Waiting" } },
    },
  });
  return image_id;
}
