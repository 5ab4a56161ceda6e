import type { Container } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Drained } from "@berth/spec/machine.ts";
import pLimit from "p-limit";
import { moveContainer } from "../containers/move.ts";
import { stopContainer } from "../containers/stop.ts";
import { selectContainers } from "../containers/view.ts";
import type { AuthedContext } from "../context.ts";
import { toTrpcError } from "../to-trpc-error.ts";
import { updateMachine } from "./update.ts";

/** Each looks into a container on the engine. */
const AT_ONCE = 4;

/**
 * Cordons a machine, and empties it of what runs there: each container is stopped, or saved and moved to another machine, as
 * its owner wants (`on_drain`). What can't be moved now is left as it is, and told.
 */
export async function drainMachine(ctx: AuthedContext, { machine_id }: { machine_id: string }): Promise<Drained> {
  await updateMachine(ctx, { machine_id, state: "cordoned" });
  const containers = await selectContainers(
    ctx.sql,
    `p.machine_id = $1 AND c.desired <> 'removed' AND v.container_id IS NULL
       AND (c.desired = 'running' OR c.on_drain = 'move') ORDER BY c.container_id`,
    [machine_id],
  );
  const drained: Drained = { stopping: [], moving: [], left: [] };
  const atOnce = pLimit(AT_ONCE);
  await Promise.all(containers.map((container) => atOnce(() => drainOne(ctx, container, drained))));
  return drained;
}

async function drainOne(ctx: AuthedContext, { container_id, name, account, on_drain }: Container, drained: Drained) {
  const told = { container_id, name, account };
  try {
    if (on_drain === "stop") {
      await stopContainer(ctx, { container_id });
      drained.stopping.push(told);
    } else {
      await moveContainer(ctx, { container_id, recreate: "preserve" });
      drained.moving.push(told);
    }
  } catch (error) {
    // One fault must not hide what became of the others.
    if (!(error instanceof DomainError)) ctx.log.error({ err: error }, "a container could not be drained");
    drained.left.push({ ...told, reason: toTrpcError(error).message });
  }
}
