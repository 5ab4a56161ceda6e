import { randomUUID } from "node:crypto";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import type { Container, CreateContainerInput } from "@berth/spec/container.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { mergeSpec } from "@berth/spec/merge-spec.ts";
import { recordAudit } from "../audit.ts";
import type { Actor, AuthedContext } from "../context.ts";
import { noSuchImage } from "../images/get.ts";
import { KEPT_ON, refuseElsewhere } from "../images/kept-on.ts";
import { VISIBLE, visibilityOf } from "../images/visibility.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { claimAll, claimPorts } from "./claim.ts";
import { getContainer } from "./get.ts";

/**
 * Records the wish, places it and wakes the reconciler: the container itself appears later. What the request leaves out
 * comes from the image's create_params; variables are merged by name. One that is to be stopped gets ports, no GPUs; one
 * whose GPUs are not free now waits in line for them.
 */
export async function createContainer(ctx: AuthedContext, input: CreateContainerInput): Promise<Container> {
  try {
    return await transact(ctx.db, async (tx) => {
      const sql = prismaSql(tx);
      const image = await holdImage(sql, ctx.actor, input);
      const defaults = CreateParams.parse(image.create_params);
      const env = input.env && { ...defaults.env, ...input.env };
      const spec = mergeSpec(defaults, { ...input, env });
      const machine_id = input.machine_id ?? image.kept_on;
      refuseElsewhere(image, machine_id);
      const gpus = input.desired === "running" ? gpusAsked(spec) : 0;
      await checkQuota(sql, { user_id: ctx.actor.user_id, container_id: null, gpus });
      const { container_id } = await tx.containers.create({
        data: {
          uid: randomUUID(),
          name: input.name,
          display_name: input.display_name ?? null,
          user_id: ctx.actor.user_id,
          image_id: image.image_id,
          machine_id,
          spec,
          desired: input.desired,
          on_loss: input.on_loss,
          on_drain: input.on_drain,
          status: { create: {} },
        },
      });
      const claimant = { container_id, machine_id, spec };
      const waits = input.desired === "running" && (await claimAll(sql, claimant, input.if_busy)) === null;
      if (input.desired === "stopped") await claimPorts(sql, claimant);
      const details = { name: input.name, image: image.name, ...(waits && { waits }) };
      await recordAudit(tx, ctx, { action: "create", noun: "container", object_id: container_id, details });
      return getContainer({ sql, actor: ctx.actor }, { container_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new DomainError("CONFLICT", `You have a container ${input.name} already, or one that is being removed.`);
    }
    throw error;
  }
}

interface HeldImage {
  image_id: number;
  name: string;
  create_params: unknown;
  phase: string;
  kept_on: string | null;
}

/** The image that was named, locked so that it is not removed before the container needs it. */
async function holdImage(sql: Sql, actor: Actor, { image, image_id }: CreateContainerInput): Promise<HeldImage> {
  const [found] = await sql<HeldImage>(
    `SELECT i.image_id, i.name, i.create_params, s.phase, ${KEPT_ON} AS kept_on
     FROM images i JOIN image_status s USING (image_id)
     WHERE ${VISIBLE} AND i.desired = 'present' AND (i.image_id = $3 OR i.name = $4) FOR SHARE OF i`,
    [...visibilityOf(actor), image_id ?? null, image ?? null],
  );
  if (!found) throw noSuchImage(image ?? image_id ?? "");
  if (found.phase === "Failed")
    throw new DomainError("CONFLICT", `The image ${found.name} failed: choose another one.`);
  if (found.phase !== "Ready")
    throw new DomainError("CONFLICT", `The image ${found.name} is ${found.phase}: wait until it is Ready.`);
  return found;
}
