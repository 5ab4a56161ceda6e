import type { Tx } from "@berth/db/client.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import type { Container } from "@berth/spec/container.ts";
import { type AuditEntry, recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { getContainer } from "./get.ts";
import { refuseWhileMoving } from "./refuse-while-moving.ts";
import { type LockedContainer, lockContainer, lockLivingContainer } from "./lock.ts";

/** What a verb that changes one container does with its locked row: it writes, and answers with the audit's details. */
export type Change = (
  container: LockedContainer,
  transaction: { tx: Tx; sql: Sql },
) => Promise<AuditEntry["details"] | undefined>;

interface ChangeOptions {
  /** The verb's name in the audit log. */
  action: string;
  /** True to change also a container that is being removed. */
  evenRemoved?: boolean;
  /** True to change also a container that is on its way to another machine. */
  evenMoving?: boolean;
}

/** The frame of every verb on one container: lock, change, audit, read back, all in one transaction. */
export const changeContainer = (
  ctx: AuthedContext,
  containerId: number,
  { action, evenRemoved = false, evenMoving = evenRemoved }: ChangeOptions,
  change: Change,
): Promise<Container> =>
  transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const lock = evenRemoved ? lockContainer : lockLivingContainer;
    const container = await lock(sql, ctx.actor, containerId);
    if (!evenMoving) await refuseWhileMoving(sql, container);
    const details = await change(container, { tx, sql });
    await recordAudit(tx, ctx, {
      action,
      noun: "container",
      object_id: containerId,
      details: { name: container.name, ...details },
    });
    return getContainer({ sql, actor: ctx.actor }, container);
  });
