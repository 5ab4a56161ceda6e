import { createHash } from "node:crypto";
import type { ApiServices } from "@berth/api/context.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";

export interface Answer {
  status: number;
  /** The body, as it is sent. */
  body: string;
}

/** Nobody's requests share their keys: who repeats one must know its whole body, so that no answer is told to another. */
export const NOBODY = 0;

export interface KeyedRequest {
  /** {@link NOBODY} for one that is not signed in. */
  user_id: number;
  key: string;
  method: string;
  path: string;
  bodyText: string;
}

/** A request whose server died is over by then: the longest deadline of any call is well below. */
const ABANDONED_AFTER = "2 minutes";
/** A client that tries again does so sooner. */
const KEPT_FOR = "24 hours";
/** Of one user. Who has more has long had the answers to the older ones. */
const KEPT_KEYS = 1_000;

/**
 * Runs a request that named a key once: a repeat of it reads the first answer again. UNPROCESSABLE where the key was
 * named by another request, CONFLICT while the first one is under way. A request that failed leaves no trace, so that it
 * may be tried again. Of a server that dies between the act and its answer nothing is known: then a repeat acts again.
 */
export async function runOnce(
  { sql, calls }: Pick<ApiServices, "sql" | "calls">,
  request: KeyedRequest,
  log: FastifyBaseLogger,
  run: () => Promise<Answer>,
): Promise<Answer & { isReplayed: boolean }> {
  const { user_id, key } = request;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new DomainError("BAD_REQUEST", "Idempotency-Key: 1 to 255 visible ASCII characters without spaces.");
  }
  const taken = await take(sql, request);
  if (typeof taken !== "string") {
    // A procedure counts the calls of each user, and this one is not called.
    if (user_id !== NOBODY) calls.count(user_id);
    return { ...taken, isReplayed: true };
  }
  const claim = [user_id, key, taken] as const;
  const answer = await run().catch(async (error: unknown) => {
    await release(sql, claim, log);
    throw error;
  });
  await keep(sql, claim, answer, log);
  return { ...answer, isReplayed: false };
}

/** The row that is this request's to answer: user, key, and the time at which it was taken. */
type Claim = readonly [user_id: number, key: string, taken_at: string];

/** SQL: the row is still what `claim` took. Who was slower than ABANDONED_AFTER may have lost it. */
const OURS = "user_id = $1 AND key = $2 AND created_at = $3::timestamptz AND status IS NULL";

interface Row {
  is_same: boolean;
  is_abandoned: boolean;
  taken_at: string;
  status: number | null;
  answer: string | null;
}

/** The first answer, or the time at which this request took the key. */
async function take(sql: Sql, request: KeyedRequest): Promise<Answer | string> {
  const { user_id, key } = request;
  const hash = hashOf(request);
  await sql(
    `DELETE FROM idempotency_keys WHERE user_id = $1 AND (created_at < now() - $2::interval OR key IN (
       SELECT key FROM idempotency_keys WHERE user_id = $1 AND status IS NOT NULL ORDER BY created_at DESC OFFSET $3))`,
    [user_id, KEPT_FOR, KEPT_KEYS],
  );
  const [inserted] = await sql<{ taken_at: string }>(
    `INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING created_at::text AS taken_at`,
    [user_id, key, hash],
  );
  if (inserted) return inserted.taken_at;
  const [row] = await sql<Row>(
    `SELECT request_hash = $3 AS is_same, created_at < now() - $4::interval AS is_abandoned, created_at::text AS taken_at,
            status, answer
     FROM idempotency_keys WHERE user_id = $1 AND key = $2`,
    [user_id, key, hash, ABANDONED_AFTER],
  );
  // Between the two looks the first request failed.
  if (!row) throw underWay();
  if (!row.is_same) {
    throw new DomainError("UNPROCESSABLE", "This Idempotency-Key was used for another request: choose a new one.");
  }
  if (row.status !== null && row.answer !== null) return { status: row.status, body: row.answer };
  if (!row.is_abandoned) throw underWay();
  const [takenOver] = await sql<{ taken_at: string }>(
    `UPDATE idempotency_keys SET created_at = now() WHERE ${OURS} RETURNING created_at::text AS taken_at`,
    [user_id, key, row.taken_at],
  );
  if (!takenOver) throw underWay();
  return takenOver.taken_at;
}

/** The act is done and recorded: that its answer could not be kept is for the log, not for the client. */
async function keep(sql: Sql, claim: Claim, { status, body }: Answer, log: FastifyBaseLogger): Promise<void> {
  try {
    await sql(`UPDATE idempotency_keys SET status = $4, answer = $5 WHERE ${OURS}`, [...claim, status, body]);
  } catch (err) {
    log.warn({ err }, "the answer to an idempotent request was not kept");
  }
}

/** What failed is told as it is, also where its key stays taken for a while. */
async function release(sql: Sql, claim: Claim, log: FastifyBaseLogger): Promise<void> {
  try {
    await sql(`DELETE FROM idempotency_keys WHERE ${OURS}`, claim);
  } catch (err) {
    log.warn({ err }, "the key of a failed request was not given back");
  }
}

const hashOf = ({ method, path, bodyText }: KeyedRequest): Buffer =>
  createHash("sha256")
    .update(JSON.stringify([method, path, bodyText]))
    .digest();

const underWay = (): DomainError =>
  new DomainError("CONFLICT", "The first request with this Idempotency-Key is still under way: try again in a moment.");
