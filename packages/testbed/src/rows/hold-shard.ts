import { randomUUID } from "node:crypto";
import type { Fence } from "@berth/db/leases/fence.ts";
import type { Sql } from "@berth/db/sql.ts";

/** Gives `shard` to a holder that does nothing with it, with an epoch above every earlier one. */
export async function holdShard(sql: Sql, shard: number, holder: string = randomUUID()): Promise<Fence> {
  const [row] = await sql<{ epoch: string }>(
    `UPDATE leases SET holder = $1, epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour'
     WHERE shard = $2 RETURNING epoch::text`,
    [holder, shard],
  );
  return { shard, holder, epoch: BigInt(row!.epoch) };
}
