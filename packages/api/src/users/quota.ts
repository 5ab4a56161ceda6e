import type { Sql } from "@berth/db/sql.ts";
import type { ContainerSpec } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { Quota } from "@berth/spec/user.ts";

const CONTAINERS_AT_MOST = 1_000;

interface Asking {
  /** Whose container it is, also where an admin acts on it. */
  user_id: number;
  /** Null for one that is about to be made. */
  container_id: number | null;
  /** That it is to hold. */
  gpus: number;
}

/** How many GPUs a container with this spec holds while it is wanted running. */
export const gpusAsked = ({ gpu_count, gpu_uuids }: ContainerSpec): number => gpu_uuids?.length ?? gpu_count;

/**
 * CONFLICT where the owner would have more than their quota allows: `details` has the limit, what is used, and by which
 * containers. To be called before the claim, in its transaction: the owner's row is locked, so that no two asks count the
 * same room. What asks for no more than it has is never refused, whatever an admin made of the quota meanwhile.
 */
export async function checkQuota(sql: Sql, { user_id, container_id, gpus }: Asking): Promise<void> {
  const { account, quota } = await lockQuota(sql, user_id);
  if (container_id === null) await refuseManyContainers(sql, { user_id, account });
  if (quota.containers === null && quota.gpus === null) return;

  const all = await sql<Holding>(
    `SELECT c.container_id, c.name, c.desired <> 'removed' AS "isKept", count(a.gpu_uuid)::int + COALESCE(w.gpu_count, 0) AS gpus,
            count(a.gpu_uuid) FILTER (WHERE a.gpu_uuid = ANY (p.gpu_uuids))::int AS placed_gpus
     FROM containers c LEFT JOIN placements p USING (container_id) LEFT JOIN gpu_allocations a USING (container_id)
       LEFT JOIN waiting_line w USING (container_id)
     WHERE c.user_id = $1 GROUP BY c.container_id, w.gpu_count ORDER BY c.name`,
    [user_id],
  );
  if (container_id === null && quota.containers !== null) {
    const kept = [...all.filter((one) => one.isKept), ...(await loadHeld(sql, user_id))];
    refuseAbove(account, "containers", quota.containers, kept.length, 1, kept);
  }
  const own = all.find((one) => one.container_id === container_id)?.placed_gpus ?? 0;
  const others = all.filter((one) => one.container_id !== container_id && one.gpus > 0);
  const used = others.reduce((sum, one) => sum + one.gpus, 0);
  if (gpus > own) refuseAbove(account, "gpus", quota.gpus, used, gpus, others);
}

/** A bound on what one account may have without any quota. */
async function refuseManyContainers(sql: Sql, { user_id, account }: { user_id: number; account: string }) {
  const [count] = await sql<{ containers: number }>(
    "SELECT count(*)::int AS containers FROM containers WHERE user_id = $1",
    [user_id],
  );
  const containers = count?.containers ?? 0;
  if (containers < CONTAINERS_AT_MOST) return;
  throw new DomainError(
    "CONFLICT",
    `${account} has ${containers} containers, and no account has more: delete some first.`,
    { limit: "containers", allowed: CONTAINERS_AT_MOST },
  );
}

export interface OwnersQuota {
  account: string;
  quota: Quota;
}

/** Locks the owner's row to the end of the transaction, so that what is counted after it stays as it is. */
export async function lockQuota(sql: Sql, userId: number): Promise<OwnersQuota> {
  const [owner] = await sql<{ account: string; quota: unknown }>(
    "SELECT account, quota FROM users WHERE user_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
    [userId],
  );
  if (!owner) throw new DomainError("UNAUTHORIZED", "This account was deleted.");
  return { account: owner.account, quota: Quota.parse(owner.quota) };
}

/** What recreates have set aside takes room until its time is over, but no recreate is refused for it. */
const loadHeld = (sql: Sql, userId: number): Promise<{ name: string }[]> =>
  sql(
    `SELECT c.name || ' (set aside at generation ' || h.generation || ')' AS name
     FROM held_containers h JOIN containers c USING (container_id)
     WHERE c.user_id = $1 AND c.desired <> 'removed' ORDER BY c.name, h.generation`,
    [userId],
  );

interface Holding {
  container_id: number;
  name: string;
  /** Not being removed. What is on its way out goes on holding its GPUs until it is gone. */
  isKept: boolean;
  /** What it waits for in line counts as held: its turn comes without another look. */
  gpus: number;
  /** Without those that only an engine container still has which is to be replaced: they are no room for more. */
  placed_gpus: number;
}

function refuseAbove(
  account: string,
  limit: "gpus" | "containers",
  allowed: number | null,
  used: number,
  asked: number,
  holders: readonly { name: string }[],
): void {
  if (allowed === null || used + asked <= allowed) return;
  const what = limit === "gpus" ? "GPUs" : "containers";
  const containers = holders.map(({ name }) => name);
  const held = used === 0 ? "" : `, and ${used} are in use by ${containers.join(", ")}`;
  throw new DomainError("CONFLICT", `The quota of ${account} is ${allowed} ${what}${held}.`, {
    limit,
    allowed,
    used,
    asked,
    containers,
  });
}
