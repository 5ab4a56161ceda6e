import { setTimeout as delay } from "node:timers/promises";
import { writeRegistry } from "@berth/db/registry/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";

const RETRY_MS = 1_000;

/** Keeps the registry's record in the database what it is told, through times in which there is no database. */
export class Recorder {
  readonly #sql: Sql;
  readonly #onError: (error: Error) => void;
  readonly #stopping = new AbortController();
  #record: RegistryRecord | null = null;
  #isWritten = true;
  #writing: Promise<void> = Promise.resolve();

  constructor(sql: Sql, onError: (error: Error) => void) {
    this.#sql = sql;
    this.#onError = onError;
  }

  /** What is to be there from now on. */
  set(record: RegistryRecord): void {
    this.#record = record;
    this.again();
  }

  /** For a database that was away: it may be another one, or an older one. */
  again(): void {
    if (!this.#record) return;
    const wasWritten = this.#isWritten;
    this.#isWritten = false;
    if (wasWritten) this.#writing = this.#write();
  }

  /** What another statement writes: it is written again only where `again` asks for it. */
  remember(record: RegistryRecord): void {
    this.#record = record;
  }

  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** Gives up what could not be written until then. */
  async stop(withinMs: number): Promise<void> {
    const insist = setTimeout(() => this.#stopping.abort(), withinMs);
    await this.#writing;
    clearTimeout(insist);
    this.#stopping.abort();
  }

  async #write(): Promise<void> {
    while (!this.#isWritten && !this.#stopping.signal.aborted) {
      const record = this.#record;
      if (!record) return;
      try {
        await writeRegistry(this.#sql, record);
        if (record === this.#record) this.#isWritten = true;
      } catch (error) {
        this.#onError(error as Error);
        await delay(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {}); // stopped meanwhile
      }
    }
  }
}
