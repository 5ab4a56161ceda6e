import type { Container } from "@berth/spec/container.ts";
import type { AuthedContext } from "../context.ts";
import { changeContainer } from "./change.ts";

/** Its GPUs are given back once it was seen to have stopped, not now. */
export const stopContainer = (ctx: AuthedContext, { container_id }: { container_id: number }): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "stop" }, async (_container, { tx }) => {
    await tx.containers.update({ where: { container_id }, data: { desired: "stopped" } });
    return undefined;
  });
