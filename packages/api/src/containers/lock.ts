import type { Sql } from "@berth/db/sql.ts";
import { ContainerSpec, Desired, OnLoss } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { z } from "zod";
import type { Actor } from "../context.ts";
import { ACCESSIBLE, accessOf } from "./access.ts";
import { noSuchContainer } from "./get.ts";

const LockedContainer = z.object({
  container_id: z.int(),
  uid: z.uuid(),
  name: z.string(),
  display_name: z.string().nullable(),
  user_id: z.int(),
  account: z.string(),
  image_id: z.int(),
  machine_id: z.string().nullable(),
  spec: ContainerSpec,
  desired: Desired,
  on_loss: OnLoss,
  generation: z.int(),
});
export type LockedContainer = z.infer<typeof LockedContainer>;

/** The container's row, which no other verb changes before this transaction ends. */
export async function lockContainer(sql: Sql, actor: Actor, containerId: number): Promise<LockedContainer> {
  const [row] = await sql<unknown>(
    `SELECT c.container_id, c.uid, c.name, c.display_name, c.user_id, u.account, c.image_id, c.machine_id, c.spec,
            c.desired, c.on_loss, c.generation
     FROM containers c JOIN users u USING (user_id)
     WHERE ${ACCESSIBLE} AND c.container_id = $3 FOR UPDATE OF c`,
    [...accessOf(actor), containerId],
  );
  if (!row) throw noSuchContainer(containerId);
  return LockedContainer.parse(row);
}

/** As {@link lockContainer}; CONFLICT for one that is being removed: there is no way back from that. */
export async function lockLivingContainer(sql: Sql, actor: Actor, containerId: number): Promise<LockedContainer> {
  const container = await lockContainer(sql, actor, containerId);
  if (container.desired === "removed") {
    throw new DomainError("CONFLICT", `The container ${container.name} is being removed.`);
  }
  return container;
}
