import type { Sql } from "../sql.ts";
import { deleteUnneededRows } from "./delete.ts";

/**
 * Marks the newest generation of images as observed. What Berth neither builds nor keeps needs nothing done to be as it
 * is recorded (absent, its row goes once nothing needs it), and what a recreate keeps is made on the way of its container.
 */
export const settleImages = async (sql: Sql): Promise<void> => {
  await sql(
    `WITH settled AS (
       DELETE FROM dirty d USING images i
       WHERE d.noun = 'image' AND d.id = i.image_id::text AND i.reference IS NOT NULL
       RETURNING i.image_id, i.generation, i.desired
     )
     UPDATE image_status s SET observed_generation = settled.generation, version = s.version + 1,
            phase = CASE settled.desired WHEN 'absent' THEN 'Deleted' ELSE s.phase END
     FROM settled WHERE s.image_id = settled.image_id`,
  );
  await deleteUnneededRows(sql);
};
