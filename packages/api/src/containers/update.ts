import { isDeepStrictEqual } from "node:util";
import type { Tx } from "@berth/db/client.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Container, ContainerSpec, UpdateContainerInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Actor, AuthedContext } from "../context.ts";
import { noSuchImage } from "../images/get.ts";
import { VISIBLE, visibilityOf } from "../images/visibility.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { claimAll, reclaimPorts } from "./claim.ts";
import { consentTo } from "./consent.ts";
import type { LockedContainer } from "./lock.ts";
import { mergeSpec } from "./merge-spec.ts";

/** An engine changes these without making the container anew. */
const IN_PLACE = new Set<string>(["cpus", "memory"] satisfies (keyof ContainerSpec)[]);
const GPU_FIELDS = ["gpu_count", "gpu_type", "gpu_uuids"] satisfies (keyof ContainerSpec)[];

/**
 * Changes what is wanted. What an engine fixes at create needs the owner's word in `recreate`: without it the answer is
 * CONFLICT with `details.fields`, and nothing is changed.
 */
export async function updateContainer(ctx: AuthedContext, input: UpdateContainerInput): Promise<Container> {
  const { container_id, name, display_name, on_loss } = input;
  try {
    return await changeContainer(ctx, container_id, { action: "update" }, async (container, { tx, sql }) => {
      const spec = mergeSpec(container.spec, input);
      const createOnly = createOnlyChanges(container, spec, input);
      const recreate =
        createOnly.length > 0 && (await columnsOfRecreate({ tx, sql, actor: ctx.actor }, container, input, createOnly));
      await claimAnew(sql, { ...container, spec }, createOnly);
      await tx.containers.update({
        where: { container_id },
        data: {
          ...(name !== undefined && { name }),
          ...(display_name !== undefined && { display_name }),
          ...(on_loss !== undefined && { on_loss }),
          spec,
          ...recreate,
        },
      });
      const fields = Object.keys(input).filter((field) => field !== "container_id" && field !== "recreate");
      return { fields, ...(input.recreate && { recreate: input.recreate }) };
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `You have a container ${name} already.`);
    throw error;
  }
}

/** Names of the changed fields that an engine fixes at create. */
function createOnlyChanges(before: LockedContainer, spec: ContainerSpec, { image_id }: UpdateContainerInput): string[] {
  const changed = (Object.keys(spec) as (keyof ContainerSpec)[]).filter(
    (field) => !IN_PLACE.has(field) && !isDeepStrictEqual(before.spec[field], spec[field]),
  );
  return image_id !== undefined && image_id !== before.image_id ? ["image_id", ...changed] : changed;
}

async function columnsOfRecreate(
  { tx, sql, actor }: { tx: Tx; sql: Sql; actor: Actor },
  container: LockedContainer,
  { image_id, recreate }: UpdateContainerInput,
  fields: string[],
) {
  if (recreate === undefined) {
    throw new DomainError(
      "CONFLICT",
      `To change ${fields.join(", ")} the container must be made anew. Say recreate: preserve to keep what is inside, or recreate: discard.`,
      { fields },
    );
  }
  if (!fields.includes("image_id") || image_id === undefined) return consentTo(tx, container, recreate);
  if (recreate === "preserve") {
    throw new DomainError("BAD_REQUEST", "recreate: what is inside can't be preserved on another image: say discard.");
  }
  await holdImage(sql, actor, image_id);
  return { ...(await consentTo(tx, container, recreate)), image_id };
}

/** Locked, so that the image is not removed before the container needs it. */
async function holdImage(sql: Sql, actor: Actor, imageId: number): Promise<void> {
  const [image] = await sql<{ image_id: number }>(
    `SELECT image_id FROM images i WHERE ${VISIBLE} AND i.image_id = $3 AND i.desired = 'present' FOR SHARE`,
    [...visibilityOf(actor), imageId],
  );
  if (!image) throw noSuchImage(imageId);
}

async function claimAnew(sql: Sql, container: LockedContainer, changed: string[]): Promise<void> {
  const wantsOtherGpus = GPU_FIELDS.some((field) => changed.includes(field));
  if (wantsOtherGpus && container.desired === "running") {
    await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
    await claimAll(sql, container);
  } else if (wantsOtherGpus || changed.includes("ports")) {
    // One that does not run gets its other GPUs at its next start.
    await reclaimPorts(sql, container);
  }
}
