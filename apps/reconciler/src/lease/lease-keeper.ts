import type { Fence } from "@berth/db/leases/fence.ts";
import { connectLeases, type LeaseConnection } from "@berth/db/leases/lease-connection.ts";
import { SHARDS, type ShardLeases } from "@berth/db/leases/shard-leases.ts";
import type { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import type { Logger } from "pino";

const LEASE_MS = 10_000;
const RENEW_MS = 2_000;
/** Well before others may take over: nothing is begun any more. */
const SELF_STOP_MS = 7_000;
/** With other reconcilers about, one that died is looked for more often. */
const WATCH_MS = 500;
const RECONNECT_MS = 200;
/** With every other renewal, for people who look. */
const TELL_MS = 4_000;
/** What runs on a shard that is given away may end by then; what does not is fenced. */
const HAND_OVER_MS = 3_000;

export interface LeaseKeeperOptions {
  databaseUrl: string;
  holder: string;
  log: Logger;
  /** Shards that are ours from now on, or with a new epoch. */
  onGained: (shards: number[]) => void;
  /** Things may be begun again after a lapse, with the epochs from before: what was to be begun meanwhile was dropped. */
  onResumed: () => void;
  /** Shards that another has, or shall have: resolves when nothing acts on them any more. */
  onLost: (shards: number[]) => Promise<void>;
  /** How this process does. */
  describe: () => ReconcilerHealth;
  /** Monotonic, ms. */
  now?: () => number;
}

/**
 * Holds this process's shards by one connection of its own. Nothing is begun without a {@link Fence}, and there is none
 * once the last renewal is {@link SELF_STOP_MS} old by the monotonic clock, however the process spent that time.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #now: () => number;
  #connection: LeaseConnection | null = null;
  #epochs = new Map<number, bigint>();
  #renewedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #others = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Null while nothing may be begun on this shard. */
  fence(shard: number): Fence | null {
    const epoch = this.#epochs.get(shard);
    if (epoch === undefined || !this.isHolding) return null;
    return { shard, holder: this.#options.holder, epoch };
  }

  get shards(): number[] {
    return [...this.#epochs.keys()];
  }

  get isHolding(): boolean {
    return this.#connection !== null && this.#now() - this.#renewedAt <= SELF_STOP_MS;
  }

  start(): void {
    this.#schedule(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#turn;
    this.#epochs.clear();
    const connection = this.#connection;
    this.#connection = null;
    try {
      await connection?.leases.resign();
      await connection?.close();
    } catch (error) {
      this.#options.log.warn({ err: error }, "could not give the leases back; they expire by themselves");
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // One after another: the end of a connection may ask for the next while this one still waits for an answer.
      this.#turn = this.#turn.then(() => this.#tick());
    }, delayMs);
  }

  async #tick(): Promise<void> {
    try {
      this.#connection ??= await this.#connect();
      const { leases } = this.#connection;
      await this.#renew(leases);
      await this.#shareOut(leases);
      this.#schedule(this.#others > 0 ? WATCH_MS : RENEW_MS);
    } catch (error) {
      this.#options.log.warn({ err: error }, "lease connection failed");
      this.#drop();
      this.#schedule(RECONNECT_MS);
    }
  }

  #connect(): Promise<LeaseConnection> {
    return connectLeases(this.#options.databaseUrl, this.#options.holder, LEASE_MS, (error) => {
      this.#options.log.warn({ err: error }, "lease connection ended");
      this.#drop();
      this.#schedule(RECONNECT_MS);
    });
  }

  /** The connection is gone, and with it, for others to see, this process: nothing more is begun. */
  #drop(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    connection
      ?.close()
      .catch((error: Error) => this.#options.log.debug({ err: error }, "lease connection ended badly"));
  }

  async #renew(leases: ShardLeases): Promise<void> {
    const startedAt = this.#now();
    if (this.#others > 0 && startedAt - this.#renewedAt < RENEW_MS) return;
    const isTelling = startedAt - this.#toldAt >= TELL_MS;
    const held = await leases.renew(isTelling ? this.#options.describe() : null);
    if (isTelling) this.#toldAt = startedAt;
    const hasLapsed = this.#epochs.size > 0 && this.#now() - this.#renewedAt > SELF_STOP_MS;
    this.#renewedAt = startedAt;
    const epochs = new Map(held.map(({ shard, epoch }) => [shard, epoch]));
    const lost = [...this.#epochs.keys()].filter((shard) => !epochs.has(shard));
    // A lease from before the connection broke is found again here, with the epoch that it had.
    const found = held.filter(({ shard }) => !this.#epochs.has(shard)).map(({ shard }) => shard);
    this.#epochs = epochs;
    if (lost.length > 0) {
      this.#options.log.warn({ shards: lost.length }, "shards were lost");
      await this.#handOver(lost);
    }
    if (found.length > 0) this.#options.onGained(found);
    if (hasLapsed) this.#options.onResumed();
  }

  async #shareOut(leases: ShardLeases): Promise<void> {
    const alive = Math.max(1, await leases.countAlive());
    this.#others = alive - 1;
    const share = Math.ceil(SHARDS / alive);
    const surplus = this.shards.slice(share);
    if (surplus.length > 0) {
      for (const shard of surplus) this.#epochs.delete(shard);
      await this.#handOver(surplus);
      await leases.release(surplus);
      return;
    }
    const gained = await leases.acquire(share - this.#epochs.size);
    if (gained.length === 0) return;
    for (const { shard, epoch } of gained) this.#epochs.set(shard, epoch);
    this.#options.log.info({ shards: gained.length, share }, "shards gained");
    this.#options.onGained(gained.map(({ shard }) => shard));
  }

  async #handOver(shards: number[]): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, HAND_OVER_MS);
    await Promise.race([this.#options.onLost(shards), limit.promise]);
    clearTimeout(timer);
  }
}
