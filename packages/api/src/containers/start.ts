import { giveUpPlace } from "@berth/db/placement/give-up-place.ts";
import { isInLine } from "@berth/db/placement/line.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Container, StartContainerInput } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { isDeepStrictEqual } from "node:util";
import type { AuthedContext } from "../context.ts";
import { checkQuota, gpusAsked } from "../users/quota.ts";
import { changeContainer } from "./change.ts";
import { claimAll, claimForStart, gpusOfLastRun } from "./claim.ts";
import { consentTo } from "./consent.ts";
import { findMounted } from "./find-mounted.ts";
import type { LockedContainer } from "./lock.ts";
import { tellHolders } from "./tell-holders.ts";
import { moveContainer, needsWordToMove } from "./move.ts";

/**
 * Wants it to run, and asks for one more run of one that has completed. Where its GPUs are not free `if_busy` decides; one
 * that stands in line keeps its place when it is asked to wait again.
 */
export const startContainer = async (ctx: AuthedContext, input: StartContainerInput): Promise<Container> => {
  if (input.if_busy !== "move") return startHere(ctx, input);
  const { container_id, recreate } = input;
  try {
    return await startHere(ctx, { container_id, if_busy: "fail" });
  } catch (error) {
    if (!(error instanceof DomainError && error.code === "CONFLICT" && error.details?.["gpu_uuids"])) throw error;
    if (recreate === undefined) throw needsWordToMove();
    return moveContainer(ctx, { container_id, recreate }, { starts: true });
  }
};

const startHere = async (
  ctx: AuthedContext,
  { container_id, if_busy, recreate }: StartContainerInput,
): Promise<Container> => {
  const mounted = recreate === "preserve" ? await findMounted(ctx, container_id) : null;
  return changeContainer(ctx, container_id, { action: "start" }, async (container, { tx, sql }) => {
    if (if_busy === "wait" && (await isInLine(sql, container_id))) return { if_busy };
    if (if_busy !== "without_gpu") await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
    const before = await gpusOfLastRun(sql, container_id);
    const claim = recreate === undefined ? claimForStart : claimAll;
    const placement =
      if_busy === "without_gpu"
        ? await claimIfFree(sql, container)
        : await claim(sql, container, if_busy === "wait" ? "wait" : "fail").catch(async (error: unknown) => {
            throw await tellHolders(sql, ctx.actor, container, error);
          });
    if (placement === null && if_busy === "without_gpu") {
      if (recreate === undefined) throw needsRecreate();
      const spec = { ...container.spec, gpu_count: 0, gpu_type: null, gpu_uuids: null };
      await giveUpPlace(sql, container_id);
      await claimAll(sql, { ...container, spec }, "fail");
      const consent = await consentTo(tx, container, recreate, mounted);
      await tx.containers.update({
        where: { container_id },
        data: { spec, desired: "running", run: { increment: 1 }, ...consent },
      });
      return { if_busy, recreate };
    }
    // Made with the same GPUs as before it is started as it is.
    const isOther = placement === null || !isDeepStrictEqual(placement.gpu_uuids, before);
    const consent = recreate !== undefined && isOther && (await consentTo(tx, container, recreate, mounted));
    await tx.containers.update({
      where: { container_id },
      // Of one that waits its turn asks for the run.
      data: { desired: "running", ...(placement && { run: { increment: 1 } }), ...consent },
    });
    return placement === null ? { if_busy } : undefined;
  });
};

/** Null where its GPUs are not free, or more than its owner may have. */
async function claimIfFree(sql: Sql, container: LockedContainer) {
  try {
    await checkQuota(sql, { ...container, gpus: gpusAsked(container.spec) });
    return await claimForStart(sql, container, "fail");
  } catch (error) {
    if (error instanceof DomainError && error.code === "CONFLICT") return null;
    throw error;
  }
}

const needsRecreate = (): DomainError =>
  new DomainError(
    "CONFLICT",
    "To start without GPUs the container must be made anew. Say recreate: preserve to keep what is inside, or recreate: discard.",
    { fields: ["gpu_count", "gpu_type", "gpu_uuids"] },
  );
