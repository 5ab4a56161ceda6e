export interface RowPage<Row> {
  items: Row[];
  next_cursor: string | null;
}

/** How a list is asked for, newest first. */
export interface RowSource<Row> {
  idOf(row: Row): string;
  page(input: { cursor?: string; limit: number }): Promise<RowPage<Row>>;
  /** Those of the named ones that there are. A list without it is short, and asked for as a whole. */
  some?(ids: readonly string[]): Promise<Row[]>;
  /** Changes without being told of, as the progress of a pull does. */
  isRestless?(row: Row): boolean;
}

export interface Rows<Row> {
  items: readonly Row[];
  /** False while older ones are still being fetched. */
  isWhole: boolean;
  error: { message: string } | null;
}

/** Where the rows are that are shown. What is put there from elsewhere stays until its row is asked for again. */
export interface ShownRows<Row> {
  /** Undefined until the first answer. */
  get(): Rows<Row> | undefined;
  set(rows: Rows<Row>): void;
}

/** How each answer is asked for, where a list's own rows are what is kept of it. */
export const UNKEPT = { staleTime: 0, gcTime: 0 };

/** What fits on a screen, to be shown at once. */
const FIRST_ROWS = 100;
const PAGE_ROWS = 500;
/** More are not kept: the oldest are left out, and the page says so. */
export const MOST_ROWS = 20_000;
/** Asked for by name at once: their numbers must fit into an address. */
const AT_ONCE = 250;

/** Times in ms; a server that is slow is asked less often. */
const PACE = { rest: 1_000, perAnswer: 4, untilHeard: 1_000, restless: 10_000, afterFailure: 30_000 };

/**
 * A list that is fetched once, page by page, and then kept current by the ids that are told to have changed. However many
 * are told, one request of {@link AT_ONCE} rows is under way at a time, and a rest follows it: those that are looked at
 * come first, the others in their turn.
 */
export class RowKeeper<Row> {
  readonly #source: RowSource<Row>;
  readonly #shown: ShownRows<Row>;
  readonly #pace: typeof PACE;
  readonly #changed = new Set<string>();
  #isAllChanged = true;
  #isLookedAt: (id: string) => boolean = () => false;
  #wake = (): void => undefined;

  constructor(source: RowSource<Row>, shown: ShownRows<Row>, pace: Partial<typeof PACE> = {}) {
    this.#source = source;
    this.#shown = shown;
    this.#pace = { ...PACE, ...pace };
  }

  /** Null: any may have. */
  change(ids: readonly string[] | null): void {
    if (ids === null || !this.#source.some) this.#isAllChanged = true;
    else for (const id of ids) this.#changed.add(id);
    if (!this.#rows().error) this.#wake();
  }

  /** After a failure; changes that are told meanwhile do not ask a server again that refuses. */
  retry(): void {
    this.#isAllChanged = true;
    this.#wake();
  }

  lookAt(isLookedAt: (id: string) => boolean): void {
    this.#isLookedAt = isLookedAt;
  }

  /** Until `signal` ends it; from what is shown already, where there is that. */
  async run(signal: AbortSignal, { isHeard }: { isHeard: boolean }): Promise<void> {
    let isFirst = !this.#shown.get() && !isHeard;
    while (!signal.aborted) {
      const beganAt = performance.now();
      try {
        if (isFirst) await this.#readFirst();
        else await this.#readChanged(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#put({ error: error as Error });
        await this.#sleep(this.#pace.afterFailure, signal);
        continue;
      }
      if (isFirst) await this.#sleep(this.#pace.untilHeard, signal);
      else await pause(this.#restAfter(performance.now() - beganAt), signal);
      isFirst = false;
      if (!this.#isAllChanged && this.#changed.size === 0) await this.#sleep(this.#pace.restless, signal);
    }
  }

  #restAfter = (tookMs: number): number => Math.max(this.#pace.rest, this.#pace.perAnswer * tookMs);

  /** Shown while it is not yet heard what changes; after that all is asked for, and nothing is missed. */
  async #readFirst(): Promise<void> {
    const { items, next_cursor } = await this.#source.page({ limit: FIRST_ROWS });
    this.#put({ items, isWhole: next_cursor === null, error: null });
  }

  async #readChanged(signal: AbortSignal): Promise<void> {
    if (this.#isAllChanged) return this.#readAll(signal);
    if (this.#changed.size === 0) this.#addRestless();
    const ids = this.#takeChanged();
    if (ids.length === 0) return;
    try {
      const found = (await this.#source.some?.(ids)) ?? [];
      if (!signal.aborted) this.#put({ items: patch(this.#rows().items, ids, found, this.#source.idOf), error: null });
    } catch (error) {
      for (const id of ids) this.#changed.add(id);
      throw error;
    }
  }

  /** What was there stays until all is; where there was nothing, each page is shown as it comes. */
  async #readAll(signal: AbortSignal): Promise<void> {
    this.#isAllChanged = false;
    this.#changed.clear();
    const isShownAsItComes = !this.#rows().isWhole;
    const items: Row[] = [];
    let cursor: string | null | undefined;
    try {
      do {
        const page = await this.#source.page({ limit: PAGE_ROWS, ...(cursor && { cursor }) });
        if (signal.aborted) return;
        items.push(...page.items);
        cursor = page.next_cursor;
        const isMore = items.length > this.#rows().items.length;
        if (isShownAsItComes && isMore) this.#put({ items: [...items], error: null });
      } while (cursor !== null && items.length < MOST_ROWS);
    } catch (error) {
      this.#isAllChanged = true;
      throw error;
    }
    this.#put({ items, isWhole: true, error: null });
  }

  #addRestless(): void {
    const { some, isRestless, idOf } = this.#source;
    if (!isRestless) return;
    const restless = this.#rows().items.filter((row) => isRestless(row));
    if (some) for (const row of restless) this.#changed.add(idOf(row));
    else if (restless.length > 0) this.#isAllChanged = true;
  }

  #takeChanged(): string[] {
    const looked = [...this.#changed].filter((id) => this.#isLookedAt(id));
    const taken = [...new Set([...looked, ...this.#changed])].slice(0, AT_ONCE);
    for (const id of taken) this.#changed.delete(id);
    return taken;
  }

  #rows(): Rows<Row> {
    return this.#shown.get() ?? { items: [], isWhole: false, error: null };
  }

  #put(rows: Partial<Rows<Row>>): void {
    this.#shown.set({ ...this.#rows(), ...rows });
  }

  /** Until something is told, but no longer than `ms`. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, pause(ms, signal)]);
    this.#wake = () => undefined;
  }
}

/** Rows of `ids` as they were found now, those that are new before all others; whoever was not found is gone. */
export function patch<Row>(
  items: readonly Row[],
  ids: readonly string[],
  found: readonly Row[],
  idOf: (row: Row) => string,
): Row[] {
  const asked = new Set(ids);
  const fresh = new Map(found.map((row) => [idOf(row), row]));
  const kept = items.flatMap((row) => {
    const id = idOf(row);
    if (!asked.has(id)) return [row];
    const now = fresh.get(id);
    fresh.delete(id);
    return now === undefined ? [] : [now];
  });
  return [...fresh.values(), ...kept];
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
