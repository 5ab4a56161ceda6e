import type { ImagePlace } from "@berth/spec/image.ts";
import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";

/** One image that Berth put on a machine, or is to put there. */
export interface PlaceRow {
  /** As the engine knows it: by digest, where it was pulled from the registry. */
  reference: string;
  /** Null: nobody can want it any more. */
  image_id: number | null;
  state: ImagePlace["state"];
  wanted: boolean;
  last_used_at: Date;
}

const COLUMNS = "reference, image_id, state, wanted, last_used_at";

export const loadPlaces = (sql: Sql, machineIds: readonly string[]): Promise<(PlaceRow & { machine_id: string })[]> =>
  sql(`SELECT machine_id, ${COLUMNS} FROM machine_images WHERE machine_id = ANY ($1::text[])`, [machineIds]);

/** Of these images, on any machine: what people may have asked for since they were read. */
export const loadPlacesOf = (sql: Sql, imageIds: readonly number[]): Promise<(PlaceRow & { machine_id: string })[]> =>
  sql(`SELECT machine_id, ${COLUMNS} FROM machine_images WHERE image_id = ANY ($1::int[])`, [imageIds]);

export interface PlaceWrite {
  reference: string;
  image_id: number;
  state: ImagePlace["state"];
  progress?: number;
  total?: number;
  message?: string;
}

/**
 * Says what became of an image on a machine; a present one counts as used now. The fence is the machine's. Nothing is
 * written where the lease is another's, or the image's row is gone: null then.
 */
export async function writePlace(
  sql: Sql,
  fence: Fence,
  machineId: string,
  { reference, image_id, state, progress, total, message = "" }: PlaceWrite,
): Promise<PlaceRow | null> {
  const [row] = await sql<PlaceRow>(
    `INSERT INTO machine_images AS p (machine_id, reference, image_id, state, progress, total, message, pulled_at)
     SELECT $1, $2, i.image_id, $4, $5, $6, $7, CASE WHEN $4 = 'present' THEN now() END
     FROM images i WHERE i.image_id = $3 AND holds_lease($8, $9, $10) FOR KEY SHARE OF i
     ON CONFLICT (machine_id, reference) DO UPDATE
       SET image_id = EXCLUDED.image_id, state = EXCLUDED.state, progress = EXCLUDED.progress, total = EXCLUDED.total,
           message = EXCLUDED.message, pulled_at = COALESCE(EXCLUDED.pulled_at, p.pulled_at),
           last_used_at = CASE WHEN EXCLUDED.state = 'present' THEN now() ELSE p.last_used_at END
     RETURNING ${COLUMNS}`,
    [
      machineId,
      reference,
      image_id,
      state,
      progress ?? null,
      total ?? null,
      message.slice(0, 2_000),
      fence.shard,
      fence.holder,
      fence.epoch.toString(),
    ],
  );
  return row ?? null;
}

/**
 * An image that may leave a machine, with the digest by which the registry has it: null for what is on no registry, is not
 * known to be there whole, or is needed on that machine.
 */
export async function findEvictable(
  sql: Sql,
  machineId: string,
  imageId: number,
): Promise<{ name: string; digest: string } | null> {
  const [row] = await sql<{ name: string; digest: string }>(
    `SELECT i.name, s.digest FROM images i JOIN image_status s USING (image_id)
     WHERE i.image_id = $2 AND i.reference IS NULL AND s.phase = 'Ready' AND s.digest IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM machine_images p WHERE p.machine_id = $1 AND p.image_id = $2 AND p.wanted)
       AND NOT EXISTS (SELECT 1 FROM containers c JOIN placements p USING (container_id)
                       LEFT JOIN container_status cs USING (container_id)
                       WHERE p.machine_id = $1 AND $2 IN (c.image_id, cs.image_id))
       AND NOT EXISTS (SELECT 1 FROM held_containers h WHERE h.machine_id = $1 AND h.image_id = $2)`,
    [machineId, imageId],
  );
  return row ?? null;
}

export const forgetPlace = async (sql: Sql, fence: Fence, machineId: string, reference: string): Promise<void> => {
  await sql("DELETE FROM machine_images WHERE machine_id = $1 AND reference = $2 AND holds_lease($3, $4, $5)", [
    machineId,
    reference,
    fence.shard,
    fence.holder,
    fence.epoch.toString(),
  ]);
};
