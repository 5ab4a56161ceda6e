import type { EngineClock } from "./engine-clock.ts";

/** What Go prints for a time that never was. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

const NS_PER_MS = 1_000_000n;

/** Reads a clock in nanoseconds, as Docker's timestamps are: no two readings are equal while the clock moves forward. */
export class EngineTime {
  readonly #clock: EngineClock;
  #last = 0n;
  /** Added to every reading: an engine whose clock is wrong. */
  skew_ms = 0;

  constructor(clock: EngineClock) {
    this.#clock = clock;
  }

  nowNs(): bigint {
    const read = BigInt(Math.round(this.#clock.now() + this.skew_ms)) * NS_PER_MS;
    const isSameInstant = read <= this.#last && this.#last - read < NS_PER_MS;
    this.#last = isSameInstant ? this.#last + 1n : read;
    return this.#last;
  }
}

/** RFC 3339 with nanoseconds and without trailing zeros, as Go's `RFC3339Nano` in UTC. */
export function formatNs(ns: bigint | null): string {
  if (ns === null) return ZERO_TIME;
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** RFC 3339 with all nine digits, as Docker writes them in front of log lines. */
export function formatLogNs(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

export function secondsOf(ns: bigint): number {
  return Number(ns / 1_000_000_000n);
}

/** Seconds since 1970 with an optional fraction (`1795469866.243791911`), or RFC 3339, as `since` and `until` come. */
export function parseSince(text: string): bigint | null {
  const seconds = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds) return BigInt(seconds[1] ?? "0") * 1_000_000_000n + BigInt((seconds[2] ?? "").padEnd(9, "0"));
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : BigInt(ms) * NS_PER_MS;
}

/** "2 hours", "About a minute": how Docker words a duration in `Up …` and `Exited (0) … ago` (units.HumanDuration). */
export function humanDuration(ns: bigint): string {
  const seconds = Number(ns / 1_000_000_000n);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}
