import { setTimeout as delay } from "node:timers/promises";
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

/** Who is right gets in also where many of them come at once: each waits this long for the others to be decided. */
const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/**
 * Slows guessing, for all servers of this database together. It counts by address, never by account alone: a stranger
 * can't lock anybody out. The attempt is counted before its password is looked at, so that many at once are no way
 * around. Throws TOO_MANY_REQUESTS with `details.retry_after_s`; answers with what {@link decideAttempt} takes.
 */
export async function countAttempt(
  sql: Sql,
  { kind, address, account }: Attempt,
  limits: ThrottleLimits = kind === "login" ? LOGIN_LIMITS : REGISTRATION_LIMITS,
): Promise<bigint> {
  const until = performance.now() + PATIENCE_MS;
  let wait_s = 0;
  do {
    const [row] = await sql<{ wait_s: number; counted_id: bigint | null }>(
      "SELECT wait_s, counted_id FROM count_attempt($1, $2, $3, $4::int, $5::int, $6::int * interval '1 millisecond')",
      [kind, networkOf(address), account, limits.perAccount, limits.perAddress, limits.windowMs],
    );
    if (!row) throw new Error("count_attempt gave no row");
    if (row.counted_id !== null) return row.counted_id;
    wait_s = row.wait_s;
    if (wait_s === 0) await delay(LOOK_AGAIN_MS);
  } while (wait_s === 0 && performance.now() < until);
  const retry_after_s = Math.max(1, wait_s);
  throw new DomainError("TOO_MANY_REQUESTS", `Too many attempts: try again in ${retry_after_s} seconds.`, {
    retry_after_s,
  });
}

/** With the right password it was no guess, and counts no more. */
export const decideAttempt = async (sql: Sql, attemptId: bigint, wasRight: boolean): Promise<void> => {
  const text = wasRight
    ? "DELETE FROM attempts WHERE attempt_id = $1"
    : "UPDATE attempts SET decided = true WHERE attempt_id = $1";
  await sql(text, [attemptId]);
};

/** Whoever has an IPv6 address has 2^64 of them: its network counts, which is the first four groups. */
export function networkOf(address: string | null): string {
  if (address === null) return "";
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = "", tail = ""] = address.toLowerCase().split("%", 1)[0]!.split("::");
  const [before, behind] = [groupsOf(head), groupsOf(tail)];
  const left = Array<string>(Math.max(0, 8 - before.length - behind.length)).fill("0");
  return `${[...before, ...left, ...behind].slice(0, 4).join(":")}::/64`;
}

/** An IPv4 address at the end stands for two groups, which are never among the first four. */
const groupsOf = (part: string): string[] =>
  part === "" ? [] : part.split(":").flatMap((group) => (group.includes(".") ? ["v4", "v4"] : [group]));
