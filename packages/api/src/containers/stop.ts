import { giveUpPlace } from "@berth/db/placement/give-up-place.ts";
import type { Container } from "@berth/spec/container.ts";
import type { AuthedContext } from "../context.ts";
import { changeContainer } from "./change.ts";

/** Its GPUs are given back once it was seen to have stopped, not now. One that waits for GPUs leaves the line. */
export const stopContainer = (ctx: AuthedContext, { container_id }: { container_id: number }): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "stop", evenMoving: true }, async (_container, { tx, sql }) => {
    await giveUpPlace(sql, container_id);
    await tx.containers.update({ where: { container_id }, data: { desired: "stopped" } });
    return undefined;
  });
