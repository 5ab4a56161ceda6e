import { expect, onTestFinished, test, vi } from "vitest";
import { patch, RowKeeper, type Rows, type RowSource } from "./keep-rows.ts";

interface Row {
  id: number;
  version: number;
}
const FAST = { rest: 5, perAnswer: 0, untilHeard: 5, restless: 20, afterFailure: 60_000 };

/** A list of so many rows, newest first, that counts what it is asked. */
class List implements RowSource<Row> {
  rows: Row[];
  pages: number[] = [];
  asked: string[][] = [];
  atOnce = 0;
  mostAtOnce = 0;
  failure: Error | null = null;

  constructor(count: number) {
    this.rows = Array.from({ length: count }, (_, at) => ({ id: count - at, version: 0 }));
  }

  idOf = ({ id }: Row): string => String(id);

  page = ({ cursor, limit }: { cursor?: string; limit: number }) =>
    this.#answer(() => {
      this.pages.push(limit);
      const rest = this.rows.filter(({ id }) => cursor === undefined || id < Number(cursor));
      const items = rest.slice(0, limit);
      return { items, next_cursor: rest.length > limit ? String(items.at(-1)?.id) : null };
    });

  some = (ids: readonly string[]) =>
    this.#answer(() => {
      this.asked.push([...ids]);
      return this.rows.filter((row) => ids.includes(this.idOf(row)));
    });

  change(...ids: number[]): string[] {
    this.rows = this.rows.map((row) => (ids.includes(row.id) ? { ...row, version: row.version + 1 } : row));
    return ids.map(String);
  }

  async #answer<Answer>(answer: () => Answer): Promise<Answer> {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.atOnce -= 1;
    if (this.failure) throw this.failure;
    return answer();
  }
}

function keep(list: RowSource<Row>, kept?: Rows<Row>) {
  let shown = kept;
  const published: Rows<Row>[] = [];
  const set = (rows: Rows<Row>): void => void (shown = rows);
  const publish = (rows: Rows<Row>): void => {
    set(rows);
    published.push(rows);
  };
  const keeper = new RowKeeper<Row>(list, { get: () => shown, set: publish }, FAST);
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  void keeper.run(closing.signal, { isHeard: kept !== undefined });
  return { keeper, published, set, last: () => published.at(-1) };
}

const isWhole = (list: List) => (rows: Rows<Row> | undefined) => {
  expect(rows?.isWhole).toBe(true);
  expect(rows?.items).toEqual(list.rows);
};

test("shows the first hundred at once, and the others page by page", async () => {
  const list = new List(1_300);
  const { published, last } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  expect(published[0]).toMatchObject({ items: { length: 100 }, isWhole: false });
  expect(published.map(({ items }) => items.length)).toEqual([100, 500, 1_000, 1_300, 1_300]);
  expect(list.pages).toEqual([100, 500, 500, 500]);
});

test("asks again for what has changed only, and takes in what is new and out what has gone", async () => {
  const list = new List(600);
  const { keeper, last } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  const pages = list.pages.length;
  list.rows = [{ id: 601, version: 0 }, ...list.rows.filter(({ id }) => id !== 300)];
  keeper.change([...list.change(7), "601", "300"]);
  await vi.waitFor(() => isWhole(list)(last()));
  expect(list.asked).toEqual([["7", "601", "300"]]);
  expect(list.pages).toHaveLength(pages);
});

test("a storm of changes is one request at a time, and those that are looked at come first", async () => {
  const list = new List(2_000);
  const { keeper, last } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  keeper.lookAt((id) => id === "3" || id === "1999");
  for (let round = 0; round < 50; round += 1) keeper.change(list.change(...list.rows.map(({ id }) => id)));
  await vi.waitFor(() => isWhole(list)(last()));
  expect(list.asked[0]).toHaveLength(250);
  expect(list.asked[0]?.slice(0, 2)).toEqual(["1999", "3"]);
  expect(list.asked).toHaveLength(8);
  expect(list.mostAtOnce).toBe(1);
});

test("asks for all again where any may have changed, and shows the old ones meanwhile", async () => {
  const list = new List(700);
  const { keeper, published, last } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  const before = published.length;
  list.change(1, 700);
  keeper.change(null);
  await vi.waitFor(() => isWhole(list)(last()));
  expect(published.slice(before)).toHaveLength(1);
});

test("goes on from what was kept", async () => {
  const list = new List(700);
  const { published, last } = keep(list, { items: list.rows, isWhole: true, error: null });
  list.change(5);
  await vi.waitFor(() => isWhole(list)(last()));
  expect(published).toHaveLength(1);
});

test("what is shown of a row before it is so stays until that row is asked for", async () => {
  const list = new List(3);
  const { keeper, last, set } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  const soon = { id: 2, version: 9 };
  set({ ...last()!, items: last()!.items.map((row) => (row.id === 2 ? soon : row)) });
  keeper.change(list.change(3));
  await vi.waitFor(() => expect(last()?.items).toEqual([{ id: 3, version: 1 }, soon, { id: 1, version: 0 }]));
  keeper.change(["2"]);
  await vi.waitFor(() => isWhole(list)(last()));
});

test("says what failed, does not ask again for what is told, and does when it is asked to", async () => {
  const list = new List(20);
  const { keeper, last } = keep(list);
  await vi.waitFor(() => isWhole(list)(last()));
  list.failure = new Error("not now");
  keeper.change(["3"]);
  await vi.waitFor(() => expect(last()).toMatchObject({ error: { message: "not now" }, items: { length: 20 } }));
  list.failure = null;
  const asked = list.asked.length;
  keeper.change(list.change(4));
  await new Promise((resolve) => setImmediate(resolve));
  expect(list.asked).toHaveLength(asked);
  keeper.retry();
  await vi.waitFor(() => {
    isWhole(list)(last());
    expect(last()?.error).toBeNull();
  });
  expect(list.asked).toHaveLength(asked);
});

test("asks again by itself for rows that change without being told of", async () => {
  const list = new List(20);
  const restless = Object.assign(list, { isRestless: ({ id }: Row) => id === 9 });
  const { last } = keep(restless);
  await vi.waitFor(() => isWhole(list)(last()));
  list.change(9);
  await vi.waitFor(() => isWhole(list)(last()));
  expect(list.asked[0]).toEqual(["9"]);
});

test("a patch keeps the rows that were not asked for as the objects that they are", () => {
  const rows: Row[] = [
    { id: 3, version: 0 },
    { id: 2, version: 0 },
  ];
  const patched = patch(rows, ["2"], [{ id: 2, version: 1 }], ({ id }) => String(id));
  expect(patched[0]).toBe(rows[0]);
  expect(patched[1]).toEqual({ id: 2, version: 1 });
});
