import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image, PrewarmImageInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { changeImage, refuseAbsent } from "./change.ts";

/**
 * Keeps an image on exactly these machines, pulled before any container asks for it. NOT_FOUND with
 * `details.machine_ids` for machines that are not known, CONFLICT for what is not ready on the registry.
 */
export const prewarmImage = (ctx: AuthedContext, { image_id, machine_ids: asked }: PrewarmImageInput): Promise<Image> =>
  changeImage(ctx, image_id, "prewarm", async (tx, image) => {
    refuseAbsent(image);
    const machine_ids = [...new Set(asked)];
    const sql = prismaSql(tx);
    const [status] = await sql<{ reference: string | null; digest: string | null; is_on_registry: boolean }>(
      `SELECT registry_address() || '/' || split_part(i.name, ':', 1) || '@' || s.digest AS reference, s.digest,
              i.reference IS NULL AS is_on_registry
       FROM images i JOIN image_status s USING (image_id) WHERE i.image_id = $1 AND s.phase = 'Ready'`,
      [image_id],
    );
    if (!status?.is_on_registry || status.reference === null) {
      throw new DomainError("CONFLICT", `${image.name} is not ready on the registry: there is nothing to pull yet.`);
    }
    const known = await tx.machines.findMany({
      where: { machine_id: { in: machine_ids } },
      select: { machine_id: true },
    });
    const ids = new Set(known.map(({ machine_id }) => machine_id));
    const unknown = machine_ids.filter((machineId) => !ids.has(machineId));
    if (unknown.length > 0) {
      throw new DomainError("NOT_FOUND", `There is no machine ${unknown.join(", ")}.`, { machine_ids: unknown });
    }
    await sql("UPDATE machine_images SET wanted = false WHERE image_id = $1 AND NOT machine_id = ANY ($2::text[])", [
      image_id,
      machine_ids,
    ]);
    await sql(
      `INSERT INTO machine_images (machine_id, reference, image_id, wanted) SELECT machine_id, $2, $1, true
       FROM unnest($3::text[]) AS machine_id
       ON CONFLICT (machine_id, reference) DO UPDATE SET wanted = true, image_id = EXCLUDED.image_id,
         state = CASE WHEN machine_images.state = 'failed' THEN 'waiting' ELSE machine_images.state END`,
      [image_id, status.reference, machine_ids],
    );
    await sql("SELECT pg_notify('berth_image', $1::text)::text", [String(image_id)]);
    return { machine_ids };
  });
