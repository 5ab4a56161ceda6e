import { actorOf } from "@berth/api/auth/credential.ts";
import { ACCESSIBLE, accessOf } from "@berth/api/containers/access.ts";
import type { Actor, Credential } from "@berth/api/context.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { FastifyBaseLogger } from "fastify";

/** What is open is looked at this often, should a notice have been lost. */
const RECHECK_MS = 60_000;

interface OpenTransfer {
  actor: Actor;
  container_id: number;
  end(): void;
}

/** The transfers of files that are under way on this server. One goes on no longer than its user may have the container's files. */
export class OpenTransfers {
  readonly #sql: Sql;
  readonly #log: FastifyBaseLogger;
  readonly #open = new Set<OpenTransfer>();
  readonly #timer: NodeJS.Timeout;

  constructor({ sql, log, recheckMs = RECHECK_MS }: { sql: Sql; log: FastifyBaseLogger; recheckMs?: number }) {
    this.#sql = sql;
    this.#log = log;
    this.#timer = setInterval(() => void this.recheck(null), recheckMs).unref();
  }

  /** Calls `end` where its user may go on no more; call what it returns when the transfer is over. */
  enter(transfer: OpenTransfer): () => void {
    this.#open.add(transfer);
    // A change between the look at the credential and this line was told to nobody here.
    void this.#check(transfer);
    return () => this.#open.delete(transfer);
  }

  /** Looks again at what this user has under way; null: at all. */
  async recheck(userId: number | null): Promise<void> {
    for (const transfer of this.#open) {
      if (userId === null || transfer.actor.user_id === userId) await this.#check(transfer);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(transfer: OpenTransfer): Promise<void> {
    try {
      if (await this.#mayGoOn(transfer)) return;
    } catch (error) {
      this.#log.debug({ err: error }, "could not look at a transfer's credential; will look again");
      return;
    }
    if (!this.#open.delete(transfer)) return;
    const { actor, container_id } = transfer;
    this.#log.info({ user_id: actor.user_id, container_id }, "a transfer of files ends with its user's sign-in");
    transfer.end();
  }

  async #mayGoOn({ actor: { user_id, credential }, container_id }: OpenTransfer): Promise<boolean> {
    const actor = await actorOf(this.#sql, user_id, withoutExpiry(credential));
    if (!actor) return false;
    const rows = await this.#sql(`SELECT 1 FROM containers c WHERE ${ACCESSIBLE} AND c.container_id = $3`, [
      ...accessOf(actor),
      container_id,
    ]);
    return rows.length > 0;
  }
}

/** A program that signs in again gets its next access token; what it began with the last goes on. */
const withoutExpiry = (credential: Credential): Credential =>
  credential.kind === "access_token" ? { ...credential, expires_at: new Date(8.64e15) } : credential;
