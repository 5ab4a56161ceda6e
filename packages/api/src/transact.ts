import type { Db, Tx } from "@berth/db/client.ts";
import { Prisma } from "@berth/db/generated/client.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import pLimit, { type LimitFunction } from "p-limit";
import { readRawFailure } from "./raw-failure.ts";

const ATTEMPTS = 3;
/** Fewer than the pool has connections: what only reads goes on while verbs wait for one another. */
const AT_ONCE = 6;
const WAITING_AT_MOST = 5_000;
const WAITS = new WeakMap<Db, LimitFunction>();

/** Verbs wait here, where it costs no connection to the database. */
function waitOf(db: Db): LimitFunction {
  const wait = WAITS.get(db) ?? pLimit(AT_ONCE);
  WAITS.set(db, wait);
  if (wait.pendingCount >= WAITING_AT_MOST) {
    throw new DomainError("UNAVAILABLE", "Too many changes are asked for at once: try again in a moment.");
  }
  return wait;
}

/**
 * One transaction of a verb. Placement makes verbs wait in line, so they may wait longer than Prisma's two seconds.
 * It is run again where PostgreSQL ended it for a deadlock with somebody else's: nothing of it was kept.
 */
export const transact = async <Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> =>
  waitOf(db)(() => transactNow(db, work));

async function transactNow<Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.$transaction(work, { maxWait: 10_000, timeout: 15_000 });
    } catch (error) {
      if (attempt === ATTEMPTS || !isDeadlock(error)) throw error;
    }
  }
}

/** Prisma's own code, or PostgreSQL's deadlock_detected and serialization_failure in a raw statement. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const code = readRawFailure(error.meta)?.code ?? "";
  return error.code === "P2034" || code === "40P01" || code === "40001";
}
