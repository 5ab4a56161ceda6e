import type { Container, StartContainerInput } from "@berth/spec/container.ts";
import type { z } from "zod";
import type { AuthedContext } from "../context.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { claimForStart } from "./claim.ts";

/** Wants it to run, and asks for one more run of one that has completed. CONFLICT where its GPUs are not free. */
export const startContainer = (
  ctx: AuthedContext,
  { container_id }: z.infer<typeof StartContainerInput>,
): Promise<Container> =>
  changeContainer(ctx, container_id, { action: "start" }, async (container, { tx, sql }) => {
    await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
    await claimForStart(sql, container);
    await tx.containers.update({ where: { container_id }, data: { desired: "running", run: { increment: 1 } } });
    return undefined;
  });
