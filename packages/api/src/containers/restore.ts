import { MadeFrom } from "@berth/db/containers/load.ts";
import { claimAgain } from "@berth/db/placement/claim-again.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Container, RestoreContainerInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { z } from "zod";
import type { AuthedContext } from "../context.ts";
import { checkQuota } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { dropUncommitted } from "./drop-uncommitted.ts";
import { findDueRestore, stillBeingRestored } from "./find-due-restore.ts";
import { hasCompleted } from "./has-completed.ts";

/**
 * Wants back what a recreate set aside, the newest or the one of `generation`, with its spec, GPUs and host ports. What is
 * the container now is set aside in its turn, so that a restore is undone by another. Asked again before it is done, it is
 * the same restore: what is held then includes what it replaces. NOT_FOUND where nothing is held; CONFLICT where its GPUs
 * or ports are another's by now, nobody knows what it was made from, or another restore is not done.
 */
export const restoreContainer = (
  ctx: AuthedContext,
  { container_id, generation }: z.infer<typeof RestoreContainerInput>,
): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "restore" }, async (container, { tx, sql }) => {
    const due = await findDueRestore(tx, container);
    if (due !== null) return repeat(sql, due, generation);
    const hold = await findHold(sql, container_id, generation ?? null);
    const { image_id, incarnation, spec, gpu_uuids, ports } = madeFromOf(hold);
    const runs = container.desired === "running" && !(await hasCompleted(sql, container));
    // First, as in every verb: whoever holds an image comes for its owner's row and the placement lock next.
    if (image_id !== container.image_id) await dropUncommitted(sql, container);
    if (runs) await checkQuota(sql, { ...container, gpus: gpu_uuids.length });
    await claimAgain(sql, { container_id, gpu_uuids, ports, runs });
    await tx.containers.update({
      where: { container_id },
      data: {
        image_id,
        incarnation,
        spec,
        restore_engine_id: hold.engine_id,
        recreate: null,
        recreate_generation: container.generation + 1,
      },
    });
    return { generation: hold.generation };
  });

interface Hold {
  engine_id: string;
  generation: number;
  made_from: unknown;
}

/** The audit's details of what is asked for already. Its hold is forgotten where the engine has lost it. */
async function repeat(sql: Sql, due: string, generation: number | undefined): Promise<{ generation?: number }> {
  const [hold] = await sql<{ generation: number }>("SELECT generation FROM held_containers WHERE engine_id = $1", [
    due,
  ]);
  if (generation !== undefined && generation !== hold?.generation) throw stillBeingRestored();
  return { ...hold };
}

/** The one that was set aside last. One whose time is over is being removed, perhaps, at this moment. */
async function findHold(sql: Sql, containerId: number, generation: number | null): Promise<Hold> {
  const [hold] = await sql<Hold>(
    `SELECT h.engine_id, h.generation,
            CASE WHEN h.spec IS NOT NULL THEN jsonb_build_object('image_id', h.image_id, 'incarnation', h.incarnation,
              'spec', h.spec, 'gpu_uuids', h.gpu_uuids, 'ports', h.ports) END AS made_from
     FROM held_containers h JOIN placements p USING (container_id, machine_id)
     WHERE h.container_id = $1 AND ($2::int IS NULL OR h.generation = $2::int) AND h.held_until > clock_timestamp()
     ORDER BY h.held_until DESC LIMIT 1`,
    [containerId, generation],
  );
  if (hold) return hold;
  const which = generation === null ? "" : ` of generation ${generation}`;
  throw new DomainError("NOT_FOUND", `Nothing${which} is set aside of this container.`);
}

function madeFromOf({ generation, made_from }: Hold): MadeFrom {
  const known = MadeFrom.nullable().parse(made_from);
  if (known) return known;
  throw new DomainError("CONFLICT", `Nobody noted what the container of generation ${generation} was made from.`);
}
