import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";

export interface SystemContainerWrite {
  machine_id: string;
  name: string;
  image: string;
  engine_id: string | null;
  phase: "Pending" | "Running" | "Failed";
  message: string;
}

/** How a container of Berth's own stands. False where the lease is another's by now, or the machine is gone. */
export async function writeSystemContainer(sql: Sql, fence: Fence, write: SystemContainerWrite): Promise<boolean> {
  const rows = await sql(
    `INSERT INTO system_containers (machine_id, name, image, engine_id, phase, message)
     SELECT machine_id, $2, $3, $4, $5, $6 FROM machines WHERE machine_id = $1 AND holds_lease($7, $8, $9)
     ON CONFLICT (machine_id, name) DO UPDATE SET image = EXCLUDED.image, engine_id = EXCLUDED.engine_id,
       phase = EXCLUDED.phase, message = EXCLUDED.message
     RETURNING 1`,
    [
      write.machine_id,
      write.name,
      write.image,
      write.engine_id,
      write.phase,
      write.message,
      fence.shard,
      fence.holder,
      fence.epoch.toString(),
    ],
  );
  return rows.length > 0;
}
