import { giveUpPlace } from "@berth/db/placement/give-up-place.ts";
import type { Container } from "@berth/spec/container.ts";
import type { AuthedContext } from "../context.ts";
import { changeContainer } from "./change.ts";
import { refuseWhileSaved } from "./refuse-while-saved.ts";
import { dropUncommitted } from "./drop-uncommitted.ts";

/**
 * Wants it gone, with a tombstone as the owner's written word: an engine that was away and comes back with it may have
 * it removed. There is no way back; asking again changes nothing. CONFLICT while it is being saved.
 */
export const deleteContainer = (ctx: AuthedContext, { container_id }: { container_id: number }): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "delete", evenRemoved: true }, async (container, { tx, sql }) => {
    if (container.desired === "removed") return undefined;
    await refuseWhileSaved(sql, container);
    await dropUncommitted(sql, container);
    await giveUpPlace(sql, container_id);
    const placement = await tx.placements.findUnique({ where: { container_id } });
    await tx.containers.update({ where: { container_id }, data: { desired: "removed" } });
    await tx.tombstones.create({
      data: {
        uid: container.uid,
        noun: "container",
        name: container.name,
        machine_id: placement?.machine_id ?? null,
        user_id: ctx.actor.user_id,
      },
    });
    return undefined;
  });
