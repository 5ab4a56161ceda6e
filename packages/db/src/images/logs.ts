import type { Sql } from "../sql.ts";

const PIECE_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;
/** However short each is. */
const KEPT_PIECES = 4_096;
const PAGE_BYTES = 256 * 1024;

const CUT_NOTICE = "[What came before this is not kept: a log has 1 MiB at most.]\n";

/**
 * Adds to what an image's making printed, in pieces, and lets the oldest go where the log gets too long: then its first
 * line says so. Several at once each keep their order. Each call costs two statements: whoever prints much gathers it first.
 */
export async function appendImageLog(sql: Sql, imageId: number, text: string): Promise<void> {
  // PostgreSQL's text has neither.
  const storable = text.replaceAll("\0", "").toWellFormed();
  if (storable === "") return;
  for (const piece of toPieces(storable)) await appendPiece(sql, imageId, piece);
  await sql(
    `DELETE FROM image_logs WHERE image_id = $1 AND seq <= (
       SELECT max(seq) FROM (
         SELECT seq, sum(octet_length(content)) OVER newest AS bytes, row_number() OVER newest AS pieces
         FROM image_logs WHERE image_id = $1 WINDOW newest AS (ORDER BY seq DESC)
       ) AS kept WHERE bytes > $2 OR pieces > $3)`,
    [imageId, KEPT_BYTES, KEPT_PIECES],
  );
}

/** Whoever else took the number has committed when this is told so: the next try sees theirs. */
async function appendPiece(sql: Sql, imageId: number, piece: string): Promise<void> {
  for (;;) {
    const added = await sql(
      `INSERT INTO image_logs (image_id, seq, content)
       SELECT $1, COALESCE(max(seq), 0) + 1, $2 FROM image_logs WHERE image_id = $1
       ON CONFLICT DO NOTHING RETURNING 1`,
      [imageId, piece],
    );
    if (added.length > 0) return;
  }
}

function toPieces(text: string): string[] {
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(start + PIECE_BYTES, bytes.length);
    // Never within a character.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    pieces.push(bytes.toString("utf8", start, end));
    start = end;
  }
  return pieces;
}

export interface ImageLogPage {
  text: string;
  /** Where the next page begins. */
  next_seq: number;
  /** More of it is there already. */
  hasMore: boolean;
}

/** What was printed from `fromSeq` (1 is the first) on, about 256 KiB at most. A line says where something before that was cut. */
export async function readImageLog(sql: Sql, imageId: number, fromSeq: number): Promise<ImageLogPage> {
  const pieces = await sql<{ seq: number; content: string; last: number }>(
    `SELECT seq, content, last FROM (
       SELECT seq, content, sum(octet_length(content)) OVER (ORDER BY seq) AS bytes, max(seq) OVER () AS last
       FROM image_logs WHERE image_id = $1 AND seq >= $2
     ) AS found WHERE bytes - octet_length(content) <= $3 ORDER BY seq`,
    [imageId, fromSeq, PAGE_BYTES - PIECE_BYTES],
  );
  const [first] = pieces;
  const newest = pieces.at(-1);
  if (!first || !newest) return { text: "", next_seq: fromSeq, hasMore: false };
  const text = pieces.map(({ content }) => content).join("");
  return {
    text: first.seq > fromSeq ? CUT_NOTICE + text : text,
    next_seq: newest.seq + 1,
    hasMore: newest.seq < newest.last,
  };
}
