import type { Sql } from "@berth/db/sql.ts";

/** A user's own photo, for who has its path: the id is the secret, since browsers load pictures without a token. */
export interface StoredPhoto {
  content_type: string;
  content: Uint8Array;
}

/** Null where there is none, or not any more; also for what is no id at all. */
export async function loadPhoto(sql: Sql, photoId: string): Promise<StoredPhoto | null> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(photoId)) return null;
  const [photo] = await sql<StoredPhoto>("SELECT content_type, content FROM photos WHERE photo_id = $1::uuid", [
    photoId,
  ]);
  return photo ?? null;
}
