import type { Pool } from "../pool.ts";
import { inTransaction, type Sql } from "../sql.ts";

const CHUNK_BYTES = 512 * 1024;

export interface StoredSystemImage {
  /** What it was made by. */
  recipe: string;
  /** `sha256:…` of the tar file as it was before it was gzipped. */
  digest: string;
}

/** Null where none was stored yet. */
export async function findSystemImage(sql: Sql, reference: string): Promise<StoredSystemImage | null> {
  const [row] = await sql<StoredSystemImage>("SELECT recipe, digest FROM system_images WHERE reference = $1", [
    reference,
  ]);
  return row ?? null;
}

/** Replaces what is there under this name, at once. `content` is a gzipped tar file of some megabytes. */
export function storeSystemImage(
  pool: Pool,
  reference: string,
  { recipe, digest }: StoredSystemImage,
  content: Uint8Array,
): Promise<void> {
  return inTransaction(pool, async (sql) => {
    await sql("DELETE FROM system_images WHERE reference = $1", [reference]);
    await sql("INSERT INTO system_images (reference, recipe, digest, size) VALUES ($1, $2, $3, $4)", [
      reference,
      recipe,
      digest,
      content.length,
    ]);
    for (let seq = 0; seq * CHUNK_BYTES < content.length; seq += 1) {
      const chunk = content.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES);
      await sql("INSERT INTO system_image_chunks (reference, seq, content) VALUES ($1, $2, $3)", [
        reference,
        seq,
        Buffer.from(chunk),
      ]);
    }
  });
}

/** The image and its content (a gzipped tar file), as they are together; null where none is stored. */
export async function readSystemImage(
  sql: Sql,
  reference: string,
): Promise<(StoredSystemImage & { content: Buffer }) | null> {
  // One statement: another one may be stored at this moment.
  const [row] = await sql<StoredSystemImage & { content: Uint8Array; size: number }>(
    `SELECT i.recipe, i.digest, i.size, string_agg(c.content, ''::bytea ORDER BY c.seq) AS content
     FROM system_images i JOIN system_image_chunks c USING (reference) WHERE reference = $1
     GROUP BY i.reference`,
    [reference],
  );
  if (!row) return null;
  const { recipe, digest, size } = row;
  const content = Buffer.from(row.content);
  if (content.length !== size) throw new Error(`the system image ${reference} is not whole in the database`);
  return { recipe, digest, content };
}
