import type { Container, RecreateContainerInput } from "@berth/spec/container.ts";
import type { z } from "zod";
import type { AuthedContext } from "../context.ts";
import { changeContainer } from "./change.ts";
import { consentTo } from "./consent.ts";
import { findMounted } from "./find-mounted.ts";

/**
 * Has the same container made anew, with its content (`preserve`) or as its image has it (`discard`). What is mounted stays
 * where it is, and is in no image: the one that keeps the content names it in `not_saved`.
 */
export async function recreateContainer(
  ctx: AuthedContext,
  { container_id, recreate }: z.infer<typeof RecreateContainerInput>,
): Promise<Container> {
  const mounted = recreate === "preserve" ? await findMounted(ctx, container_id) : null;
  return changeContainer(ctx, container_id, { action: "recreate" }, async (container, { tx }) => {
    const consent = await consentTo(tx, container, recreate, mounted);
    // A restore sets it back, so that one more may be an earlier one, and what is there taken for what is asked for.
    const incarnation = container.generation + 1;
    await tx.containers.update({ where: { container_id }, data: { ...consent, incarnation } });
    return { recreate };
  });
}
