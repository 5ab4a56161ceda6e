import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

export interface ThrottleLimits {
  windowMs: number;
  /** Of one account from one address. */
  perAccount: number;
  /** Of all accounts together from one address. */
  perAddress: number;
}

const WINDOW_MS = 5 * 60_000;
const LOGIN_LIMITS: ThrottleLimits = { windowMs: WINDOW_MS, perAccount: 10, perAddress: 50 };
const REGISTRATION_LIMITS: ThrottleLimits = { windowMs: WINDOW_MS, perAccount: 100, perAddress: 100 };

interface Attempt {
  kind: "login" | "register";
  /** Where the caller is; calls within a process have none. */
  address: string | null;
  account: string;
}

/**
 * Slows guessing, for all servers of this database together. It counts by address, never by account alone: a stranger
 * can't lock anybody out. The attempt is counted before its password is looked at, so that many at once are no way
 * around. Throws TOO_MANY_REQUESTS with `details.retry_after_s`; answers with what {@link forgiveAttempt} takes.
 */
export async function countAttempt(
  sql: Sql,
  { kind, address, account }: Attempt,
  limits: ThrottleLimits = kind === "login" ? LOGIN_LIMITS : REGISTRATION_LIMITS,
): Promise<bigint> {
  const [row] = await sql<{ wait_s: number; counted_id: bigint | null }>(
    "SELECT wait_s, counted_id FROM count_attempt($1, $2, $3, $4::int, $5::int, $6::int * interval '1 millisecond')",
    [kind, networkOf(address), account, limits.perAccount, limits.perAddress, limits.windowMs],
  );
  if (!row) throw new Error("count_attempt gave no row");
  if (row.counted_id !== null) return row.counted_id;
  const retry_after_s = row.wait_s;
  throw new DomainError("TOO_MANY_REQUESTS", `Too many attempts: try again in ${retry_after_s} seconds.`, {
    retry_after_s,
  });
}

/** The attempt had the right password: it was no guess. */
export const forgiveAttempt = async (sql: Sql, attemptId: bigint): Promise<void> => {
  await sql("DELETE FROM attempts WHERE attempt_id = $1", [attemptId]);
};

/** Whoever has an IPv6 address has 2^64 of them: its network counts, which is the first four groups. */
export function networkOf(address: string | null): string {
  if (address === null) return "";
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = "", tail] = address.toLowerCase().split("%", 1)[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) while (groups.length < 4) groups.push("0");
  return `${groups.slice(0, 4).join(":")}::/64`;
}
