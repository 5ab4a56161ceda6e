import type { Container } from "@berth/spec/container.ts";
import type { AuthedContext } from "../context.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { claimForStart } from "./claim.ts";
import { tellHolders } from "./tell-holders.ts";

/**
 * Wants it to run, and what runs now to be stopped first; of one that does not run it is a start. CONFLICT where its GPUs
 * are not free. Asked again while one is under way, it is restarted once more at most.
 */
export const restartContainer = (ctx: AuthedContext, { container_id }: { container_id: number }): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "restart" }, async (container, { sql }) => {
    await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
    await claimForStart(sql, container, "fail").catch(async (error: unknown) => {
      throw await tellHolders(sql, ctx.actor, container, error);
    });
    await sql(
      "UPDATE containers SET desired = 'running', run = run + 1, restart_run = run + 1 WHERE container_id = $1",
      [container_id],
    );
    return undefined;
  });
