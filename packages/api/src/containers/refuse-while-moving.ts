import { isMoving } from "@berth/db/placement/claim-move.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { LockedContainer } from "./lock.ts";

/** CONFLICT while it is on its way to another machine: what it is there is settled already. */
export async function refuseWhileMoving(sql: Sql, { container_id, name }: LockedContainer): Promise<void> {
  if (!(await isMoving(sql, container_id))) return;
  throw new DomainError("CONFLICT", `${name} is being moved to another machine: wait until it is there.`);
}
