import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { beginCollection, countPushes } from "@berth/db/registry/push-fence.ts";
import { writeCollection } from "@berth/db/registry/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";
import { storageFolder } from "./config.ts";
import { measureDiskUsage } from "./disk-usage.ts";
import type { RegistryRunner, RunningRegistry } from "./runner.ts";

const LOOK_MS = 500;

export interface CollectionOptions {
  folder: string;
  sql: Sql;
  log: Logger;
  /** Ends it wherever it is. */
  signal: AbortSignal;
  /** How long it waits for pushes that go on. */
  pushesMs: number;
}

/**
 * One garbage collection. While the window is open no push begins; it is closed by whoever records the registry's state
 * again, which the next keeper does as well, if this one is killed.
 */
export class CollectionWindow {
  readonly #options: CollectionOptions;
  readonly #beganAt = new Date();

  constructor(options: CollectionOptions) {
    this.#options = options;
  }

  /** False where it is not open, or it is unknown whether it is: the state is to be recorded again. */
  async open(): Promise<boolean> {
    const { sql, log } = this.#options;
    try {
      return await beginCollection(sql);
    } catch (error) {
      log.debug({ err: error }, "the database could not be asked to hold back pushes");
      return false;
    }
  }

  /** With the window open. Afterwards the registry runs as before, or has ended and is to be started. */
  async collect(runner: RegistryRunner, running: RunningRegistry): Promise<"ended it" | "left it running"> {
    const storage = storageFolder(this.#options.folder);
    const obstacle = await this.#waitForPushes(running);
    const before = await measureDiskUsage(storage); // what was pushed meanwhile is none that is freed
    const failure = obstacle ?? (await this.#collectReadOnly(runner, running));
    await this.#tell(before, await measureDiskUsage(storage), failure);
    return obstacle === null ? "ended it" : "left it running";
  }

  /** Returns what stands in the way of a collection; null where nothing does any more. */
  async #waitForPushes(running: RunningRegistry): Promise<string | null> {
    const { pushesMs, signal } = this.#options;
    const deadline = performance.now() + pushesMs;
    let isOver = false;
    void running.ended.then(() => (isOver = true));
    for (;;) {
      const pushes = await this.#countPushes();
      if (signal.aborted) return "Berth was stopped.";
      if (isOver) return "The registry ended meanwhile.";
      if (pushes === 0) return null;
      if (performance.now() >= deadline) {
        const minutes = Math.round(pushesMs / 60_000);
        return pushes === null
          ? `The database was away for ${minutes} minutes.`
          : `Pushes went on for ${minutes} minutes (${pushes} at the end).`;
      }
      await delay(LOOK_MS, undefined, { signal }).catch(() => {}); // stopped: it is looked at first
    }
  }

  /** Null where the database does not answer. */
  async #countPushes(): Promise<number | null> {
    try {
      return await countPushes(this.#options.sql);
    } catch (error) {
      this.#options.log.debug({ err: error }, "pushes could not be counted");
      return null;
    }
  }

  /** Images can be pulled meanwhile. Returns what went wrong; null where nothing did. */
  async #collectReadOnly(runner: RegistryRunner, running: RunningRegistry): Promise<string | null> {
    await running.stop();
    // Of a registry to which nothing was ever pushed, garbage-collect says that it fails.
    const repositories = join(storageFolder(this.#options.folder), "docker/registry/v2/repositories");
    if (!existsSync(repositories)) return null;
    let readOnly: RunningRegistry | null = null;
    try {
      readOnly = await runner.start("read-only");
      await runner.collectGarbage(this.#options.signal);
      return null;
    } catch (error) {
      return this.#options.signal.aborted ? "Berth was stopped." : (error as Error).message;
    } finally {
      await readOnly?.stop();
    }
  }

  async #tell(before_bytes: number, after_bytes: number, failure: string | null): Promise<void> {
    const { sql, log } = this.#options;
    const [began_at, ended_at] = [this.#beganAt.toISOString(), new Date().toISOString()];
    const collection = { began_at, ended_at, before_bytes, after_bytes, failure };
    if (failure === null) log.info({ collection }, "garbage was collected");
    else log.warn({ collection }, `garbage was not collected: ${failure}`);
    try {
      await writeCollection(sql, collection);
    } catch (error) {
      log.warn({ err: error }, "what the garbage collection did could not be recorded");
    }
  }
}
