import { DomainError } from "@berth/spec/error-code.ts";

export interface ThrottleLimits {
  windowMs: number;
  /** Of one account from one address. */
  failuresPerAccount: number;
  /** Of all accounts together from one address. */
  failuresPerAddress: number;
  registrationsPerAddress: number;
}

const DEFAULT_LIMITS: ThrottleLimits = {
  windowMs: 5 * 60_000,
  failuresPerAccount: 10,
  failuresPerAddress: 50,
  registrationsPerAddress: 100,
};

/**
 * Slows guessing. It counts by address, never by account alone: a stranger can't lock anybody out. Kept in memory: each
 * server counts for itself.
 */
export interface LoginThrottle {
  /**
   * Counts an attempt to sign in before its password is looked at, so that many at once are no way around; throws
   * TOO_MANY_REQUESTS with `details.retry_after_s`.
   */
  countAttempt(address: string | null, account: string): void;
  /** The attempt had the right password: it was no guess. */
  forgiveAttempt(address: string | null, account: string): void;
  /** Counts one registration, or throws TOO_MANY_REQUESTS. */
  countRegistration(address: string | null): void;
}

export function createLoginThrottle(limits: ThrottleLimits = DEFAULT_LIMITS, now = () => Date.now()): LoginThrottle {
  /** When each happened, oldest first. */
  const times = new Map<string, number[]>();

  const recent = (key: string): number[] => {
    const kept = (times.get(key) ?? []).filter((at) => at > now() - limits.windowMs);
    if (kept.length > 0) times.set(key, kept);
    else times.delete(key);
    return kept;
  };
  const check = (key: string, limit: number): void => {
    const [oldest, ...rest] = recent(key);
    if (oldest === undefined || rest.length + 1 < limit) return;
    const retry_after_s = Math.ceil((oldest + limits.windowMs - now()) / 1_000);
    throw new DomainError("TOO_MANY_REQUESTS", `Too many attempts: try again in ${retry_after_s} seconds.`, {
      retry_after_s,
    });
  };
  const count = (key: string): void => {
    times.set(key, [...recent(key), now()]);
    // Strangers choose the keys: forget the ended ones before the map grows large.
    if (times.size % 1_000 === 0) for (const known of times.keys()) recent(known);
  };

  return {
    countAttempt(address, account) {
      check(`login ${address}`, limits.failuresPerAddress);
      check(`login ${address} ${account}`, limits.failuresPerAccount);
      count(`login ${address}`);
      count(`login ${address} ${account}`);
    },
    forgiveAttempt(address, account) {
      for (const key of [`login ${address}`, `login ${address} ${account}`]) times.set(key, recent(key).slice(0, -1));
    },
    countRegistration(address) {
      check(`register ${address}`, limits.registrationsPerAddress);
      count(`register ${address}`);
    },
  };
}
