import { claimMove } from "@berth/db/placement/claim-move.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Tx } from "@berth/db/client.ts";
import type { Container, ContainerSpec, MoveContainerInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../context.ts";
import { KEPT_ON } from "../images/kept-on.ts";
import { refuseManyImages } from "../images/refuse-many.ts";
import { checkImageQuota } from "../users/image-quota.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { freeImageName } from "./free-image-name.ts";
import { holdStorages } from "./hold-storages.ts";
import { hasCompleted } from "./has-completed.ts";
import type { LockedContainer } from "./lock.ts";
import { type Inside, insertSave, lookInside } from "./save.ts";

interface MoveOptions {
  /** Run it there, whether or not it runs here. */
  starts?: boolean;
}

/**
 * Has the container go on on another machine: GPUs and ports are claimed there first, then it is stopped, saved as
 * `<account>/<name>:move-<generation>` (or, with `discard`, left behind), and made there. What it was is kept on its old
 * machine for a day. CONFLICT where nothing fits elsewhere; where the save fails it stays where it is.
 */
export async function moveContainer(
  ctx: AuthedContext,
  { container_id, machine_id, recreate }: MoveContainerInput,
  { starts = false }: MoveOptions = {},
): Promise<Container> {
  const seen = await lookInside(ctx, container_id);
  return changeContainer(ctx, container_id, { action: "move" }, async (container, { tx, sql }) => {
    const runs = starts || (container.desired === "running" && !(await hasCompleted(sql, container)));
    if (recreate === "discard") await refuseKept(sql, container);
    const image_id = recreate === "preserve" ? await saveForMove(tx, sql, container, seen) : container.image_id;
    const spec = await specElsewhere(sql, container);
    if (runs) await checkQuota(sql, { ...container, gpus: gpusAsked(spec) });
    const { gpu_count, gpu_type, cpus, ports } = spec;
    const target = machine_id ?? null;
    const machine_ids = await holdStorages(sql, spec.mounts, target);
    const placement = await claimMove(sql, {
      container_id,
      machine_id: target,
      machine_ids,
      gpu_count,
      gpu_type,
      cpus,
      ports,
      spec,
      image_id,
      runs,
    });
    const desired = runs ? "running" : "stopped";
    await tx.containers.update({ where: { container_id }, data: { desired, move_number: { increment: 1 } } });
    return { to: placement.machine_id, recreate };
  });
}

/** Under a name that says what it is for: its owner may delete it when the container has left it. */
async function saveForMove(tx: Tx, sql: Sql, container: LockedContainer, seen: Inside): Promise<number> {
  const { account, name, user_id } = container;
  await refuseManyImages(sql, { user_id, account });
  await checkImageQuota(sql, user_id);
  return insertSave(tx, sql, container, seen, {
    name: await freeImageName(tx, container, "move"),
    display_name: null,
    description: `What was in ${name} when it moved.`,
  });
}

/** CONFLICT where the image of the container is on its machine alone: elsewhere nothing could be made of it. */
async function refuseKept(sql: Sql, { image_id }: LockedContainer): Promise<void> {
  const [image] = await sql<{ name: string; kept_on: string | null }>(
    `SELECT i.name, ${KEPT_ON} AS kept_on FROM images i WHERE i.image_id = $1`,
    [image_id],
  );
  if (!image?.kept_on) return;
  throw new DomainError(
    "CONFLICT",
    `Its image ${image.name} is on its machine alone, so it can't begin anew elsewhere: say recreate: preserve, or give it another image first.`,
  );
}

/** GPUs that it named are on the machine that it leaves: elsewhere as many of their type do. */
async function specElsewhere(sql: Sql, { container_id, spec }: LockedContainer): Promise<ContainerSpec> {
  if (spec.gpu_uuids === null) return spec;
  const types = await sql<{ type: string }>(
    `SELECT DISTINCT gpu->>'type' AS type FROM placements p JOIN machine_status s USING (machine_id),
       jsonb_array_elements(s.gpus) gpu
     WHERE p.container_id = $1 AND gpu->>'uuid' = ANY ($2::text[])`,
    [container_id, spec.gpu_uuids],
  );
  const gpu_type = types.length === 1 ? types[0]!.type : null;
  return { ...spec, gpu_uuids: null, gpu_count: spec.gpu_uuids.length, gpu_type };
}

export const needsWordToMove = (): DomainError =>
  new DomainError(
    "CONFLICT",
    "To run on another machine the container must be made anew there. Say recreate: preserve to take along what is inside, or recreate: discard.",
    { fields: ["machine_id"] },
  );
