import { findVisit, type Visit } from "@berth/api/proxy/visit.ts";
import { hashSecret } from "@berth/api/proxy/secrets.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { FastifyBaseLogger } from "fastify";

/** For so long one look at the database counts; a credential that is heard to have ended counts at once. */
const BELIEVED_MS = 2_000;
/** What is open is looked at this often, should a notice have been lost. */
const RECHECK_MS = 15_000;
const MAX_KNOWN = 10_000;

interface Known {
  visit: Promise<Visit | null>;
  at: number;
}

/** Whose cookies are good, and what is open by each: it ends with the cookie. */
export class Visitors {
  readonly #sql: Sql;
  readonly #log: FastifyBaseLogger;
  readonly #known = new Map<string, Known>();
  /** By the token, what ends each request or socket that is under way. */
  readonly #open = new Map<string, { user_id: number; ends: Set<() => void> }>();
  readonly #timer: NodeJS.Timeout;

  constructor(sql: Sql, log: FastifyBaseLogger) {
    this.#sql = sql;
    this.#log = log;
    this.#timer = setInterval(() => void this.recheck(null), RECHECK_MS).unref();
  }

  find(token: string): Promise<Visit | null> {
    const key = Buffer.from(hashSecret(token)).toString("base64");
    const known = this.#known.get(key);
    if (known && performance.now() - known.at < BELIEVED_MS) return known.visit;
    const visit = findVisit(this.#sql, token);
    this.#known.delete(key);
    this.#known.set(key, { visit, at: performance.now() });
    visit.catch(() => this.#known.delete(key));
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value ?? "");
    return visit;
  }

  /** Calls `end` where the cookie ends first; call what it returns when there is nothing to end any more. */
  enter(token: string, { actor: { user_id } }: Visit, end: () => void): () => void {
    const open = this.#open.get(token) ?? { user_id, ends: new Set() };
    this.#open.set(token, open);
    open.ends.add(end);
    return () => {
      open.ends.delete(end);
      if (open.ends.size === 0 && this.#open.get(token) === open) this.#open.delete(token);
    };
  }

  /** Looks again at what this user has open; null: at all. */
  async recheck(userId: number | null): Promise<void> {
    this.#known.clear();
    for (const [token, { user_id, ends }] of this.#open) {
      if (userId !== null && user_id !== userId) continue;
      try {
        if (await this.find(token)) continue;
      } catch (error) {
        this.#log.debug({ err: error }, "could not look at a visitor's credential; will look again");
        continue;
      }
      for (const end of ends) end();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { ends } of this.#open.values()) for (const end of ends) end();
  }
}
