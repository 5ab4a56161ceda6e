import { Condition } from "@berth/spec/condition.ts";
import { type ImagePhase, ImageRecipe, type ImageSource } from "@berth/spec/image.ts";
import { z } from "zod";
import type { Sql } from "../sql.ts";

/** An image on Berth's own registry, with all that a reconciler needs of it. */
export interface ImageRow {
  image_id: number;
  /** `namespace/name:tag`, its name on the registry. */
  name: string;
  /** The same with the registry's address in front, as engines know it. */
  reference: string;
  public: boolean;
  source: ImageSource;
  /** Null for a save and a push by hand, which need none. */
  recipe: ImageRecipe | null;
  desired: "present" | "absent";
  cancelled: boolean;
  run: number;
  generation: number;
  shard: number;
  machine_id: string | null;
  /** Repositories of its ancestors: their layers are there already. */
  ancestors: string[];
  /** The nearest of them that is there. */
  parent: { repository: string; digest: string } | null;
  /** Images of ours that a build begins with. */
  bases: { image_id: number; name: string; reference: string; on_registry: boolean; digest: string | null }[];
  /** A container takes it along to another machine: it is saved when that container is down. */
  is_for_move: boolean;
  /** What is saved; null where it is no save, or its container is gone. */
  origin: { uid: string; machine_id: string; engine_id: string } | null;
  status: ImageStatusRow;
}

export interface ImageLayer {
  digest: string;
  size: number;
}

export interface ImageStatusRow {
  phase: ImagePhase;
  message: string;
  digest: string | null;
  size: number | null;
  progress: number | null;
  total: number | null;
  layers: ImageLayer[];
  /** Numbers the commits, builds and pulls that were begun for it. */
  attempt: number;
  attempt_at: Date | null;
  observed_run: number;
  next_retry_at: Date | null;
  conditions: Condition[];
  observed_generation: number;
  version: number;
}

interface FlatRow extends Omit<ImageRow, "status" | "recipe" | "origin"> {
  recipe: unknown;
  origin: ImageRow["origin"];
  status: Omit<ImageStatusRow, "attempt_at" | "next_retry_at" | "conditions"> & {
    attempt_at: string | null;
    next_retry_at: string | null;
    conditions: unknown;
  };
}

const QUERY = `
  WITH RECURSIVE wanted AS (
    SELECT i.* FROM images i JOIN image_status s USING (image_id) WHERE i.reference IS NULL AND `;

const REST = `
  ), lineage AS (
    SELECT w.image_id, w.parent_image_id, 1 AS depth FROM wanted w
    UNION ALL
    SELECT l.image_id, p.parent_image_id, l.depth + 1 FROM lineage l JOIN images p ON p.image_id = l.parent_image_id
    WHERE l.depth < 64
  )
  SELECT w.image_id, w.name, registry_address() || '/' || w.name AS reference, w.user_id IS NULL AS public, w.source, w.recipe,
         w.desired, w.cancelled, w.run, w.generation, w.shard, w.machine_id, to_jsonb(s) AS status,
         ARRAY(SELECT DISTINCT split_part(a.name, ':', 1) FROM lineage l JOIN images a ON a.image_id = l.parent_image_id
               WHERE l.image_id = w.image_id AND a.reference IS NULL) AS ancestors,
         (SELECT jsonb_build_object('repository', split_part(a.name, ':', 1), 'digest', h.digest)
          FROM lineage l JOIN images a ON a.image_id = l.parent_image_id JOIN image_status h ON h.image_id = a.image_id
          WHERE l.image_id = w.image_id AND a.reference IS NULL AND h.digest IS NOT NULL
          ORDER BY l.depth LIMIT 1) AS parent,
         COALESCE((SELECT jsonb_agg(jsonb_build_object('image_id', b.image_id, 'name', b.name,
                     'reference', COALESCE(b.reference, registry_address() || '/' || b.name),
                     'on_registry', b.reference IS NULL, 'digest', bs.digest))
                   FROM images b JOIN image_status bs USING (image_id)
                   WHERE b.image_id IN (SELECT value::int FROM jsonb_array_elements_text(w.recipe -> 'base_image_ids'))), '[]') AS bases,
         EXISTS (SELECT 1 FROM moves v WHERE v.image_id = w.image_id) AS is_for_move,
         (SELECT jsonb_build_object('uid', c.uid, 'machine_id', p.machine_id, 'engine_id', w.origin_engine_id)
          FROM containers c JOIN placements p USING (container_id)
          WHERE c.uid = w.origin_uid AND w.origin_engine_id IS NOT NULL) AS origin
  FROM wanted w JOIN image_status s USING (image_id)`;

/** Work on them is under way, or is still to be done, on a machine. */
const UNFINISHED = "(s.observed_run < i.run OR s.phase NOT IN ('Ready', 'Failed'))";

export type ImageFilter =
  | { image_ids: readonly number[] }
  /** Those that are made on these machines and are not finished. */
  | { making_on: readonly string[] }
  /** Those of these shards that are to be looked at on the registry: deletions, copies, and what changed. */
  | { unsettled_in: readonly number[] };

/** Images on Berth's registry. A row that can't be read is told and left out: it must not cost the others. */
export async function loadImages(
  sql: Sql,
  filter: ImageFilter,
  onUnreadable: (imageId: number, error: unknown) => void,
): Promise<ImageRow[]> {
  const rows =
    "image_ids" in filter
      ? await sql<FlatRow>(`${QUERY} i.image_id = ANY ($1::int[]) ${REST}`, [filter.image_ids])
      : "making_on" in filter
        ? await sql<FlatRow>(
            `${QUERY} i.machine_id = ANY ($1::text[]) AND i.desired = 'present' AND ${UNFINISHED} ${REST}`,
            [filter.making_on],
          )
        : await sql<FlatRow>(
            `${QUERY} i.shard = ANY ($1::int[])
               AND (i.desired = 'absent' OR s.observed_generation < i.generation
                    OR (i.recipe ->> 'type' = 'copy' AND ${UNFINISHED})) ${REST}`,
            [filter.unsettled_in],
          );
  return rows.flatMap((flat) => {
    try {
      return [toRow(flat)];
    } catch (error) {
      onUnreadable(flat.image_id, error);
      return [];
    }
  });
}

const Conditions = z.array(Condition);

const toRow = ({ recipe, status, ...row }: FlatRow): ImageRow => ({
  ...row,
  recipe: ImageRecipe.safeParse(recipe).data ?? null,
  status: {
    ...status,
    attempt_at: status.attempt_at === null ? null : new Date(status.attempt_at),
    next_retry_at: status.next_retry_at === null ? null : new Date(status.next_retry_at),
    conditions: Conditions.parse(status.conditions),
  },
});

/** Numbers of the images in these shards that are said to be on the registry. */
export async function loadReadyImages(sql: Sql, shards: readonly number[]): Promise<number[]> {
  const rows = await sql<{ image_id: number }>(
    `SELECT i.image_id FROM images i JOIN image_status s USING (image_id)
     WHERE i.shard = ANY ($1::int[]) AND i.reference IS NULL AND i.desired = 'present' AND s.phase = 'Ready'`,
    [shards],
  );
  return rows.map(({ image_id }) => image_id);
}
