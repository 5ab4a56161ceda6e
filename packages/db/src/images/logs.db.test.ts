import { insertImage } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { appendImageLog, readImageLog } from "./logs.ts";

const KIB = 1024;
const database = useTestDatabase();
const newImage = (): Promise<number> => insertImage(database.sql, { source: "build" });
const append = (image: number, text: string): Promise<void> => appendImageLog(database.sql, image, text);

async function readAll(image: number, from = 1): Promise<{ text: string; pages: number; next_seq: number }> {
  let text = "";
  let next = from;
  for (let pages = 1; ; pages += 1) {
    const page = await readImageLog(database.sql, image, next);
    text += page.text;
    next = page.next_seq;
    if (!page.hasMore) return { text, pages, next_seq: next };
  }
}

const stored = async (image: number) =>
  (
    await database.sql<{ pieces: number; bytes: number; longest: number }>(
      `SELECT count(*)::int AS pieces, COALESCE(sum(octet_length(content)), 0)::int AS bytes,
              COALESCE(max(octet_length(content)), 0)::int AS longest FROM image_logs WHERE image_id = $1`,
      [image],
    )
  )[0]!;

test("gives back what was printed, from the beginning or from where one was", async () => {
  const image = await newImage();
  expect(await readImageLog(database.sql, image, 1)).toEqual({ text: "", next_seq: 1, hasMore: false });
  await append(image, "Step 1/2 : FROM debian\n");
  const first = await readImageLog(database.sql, image, 1);
  expect(first).toMatchObject({ text: "Step 1/2 : FROM debian\n", hasMore: false });
  await append(image, "Step 2/2");
  await append(image, " : RUN true\n");
  await append(image, "");
  expect((await readImageLog(database.sql, image, first.next_seq)).text).toBe("Step 2/2 : RUN true\n");
  expect((await readAll(image)).text).toBe("Step 1/2 : FROM debian\nStep 2/2 : RUN true\n");
  expect((await readAll(await newImage())).text).toBe("");
});

test("cuts long text into pieces of 64 KiB at most, and never a character", async () => {
  const image = await newImage();
  // Three bytes each, and one more in front: no piece ends with a whole one by chance.
  const text = `a${"容".repeat(60 * KIB)}😀`;
  await append(image, text);
  expect(await stored(image)).toMatchObject({ pieces: 3 });
  expect((await stored(image)).longest).toBeLessThanOrEqual(64 * KIB);
  expect((await readAll(image)).text).toBe(text);
});

test("is read in pages of 256 KiB at most", async () => {
  const image = await newImage();
  const text = "0123456789abcde\n".repeat(50 * KIB);
  await append(image, text);
  const page = await readImageLog(database.sql, image, 1);
  expect(page.hasMore).toBe(true);
  expect(page.text.length).toBeGreaterThan(128 * KIB);
  expect(page.text.length).toBeLessThanOrEqual(256 * KIB);
  const whole = await readAll(image);
  expect(whole.text).toBe(text);
  expect(whole.pages).toBeGreaterThanOrEqual(4);
});

test("keeps the newest MiB, and says in its first line that something was cut", async () => {
  const image = await newImage();
  for (let round = 0; round < 40; round += 1)
    await append(image, `${String(round).padStart(2, "0")} ${"x".repeat(60 * KIB)}\n`);
  const { bytes } = await stored(image);
  expect(bytes).toBeLessThanOrEqual(1024 * KIB);
  expect(bytes).toBeGreaterThan(900 * KIB);
  const [first = "", second = "", ...rest] = (await readAll(image)).text.split("\n");
  expect(first).toBe("[What came before this is not kept: a log has 1 MiB at most.]");
  expect(second).toMatch(/^23 x/);
  expect(rest.at(-2)).toMatch(/^39 x/);
  // Who had read until before the cut is told, who is ahead of it is not.
  expect((await readImageLog(database.sql, image, 5)).text.startsWith("[What came before")).toBe(true);
  expect((await readImageLog(database.sql, image, 30)).text.startsWith("29 x")).toBe(true);
});

test("one text of more than a MiB is its end", async () => {
  const image = await newImage();
  await append(image, `${"y".repeat(3 * 1024 * KIB)}the end\n`);
  expect((await stored(image)).bytes).toBeLessThanOrEqual(1024 * KIB);
  expect((await readAll(image)).text.endsWith("ythe end\n")).toBe(true);
});

test("keeps no endless number of tiny pieces", async () => {
  const image = await newImage();
  await database.sql("INSERT INTO image_logs SELECT $1, n, 'x' FROM generate_series(1, 5000) AS n", [image]);
  await append(image, "last");
  expect((await stored(image)).pieces).toBe(4_096);
  expect((await readAll(image)).text).toMatch(/^\[What came before[^\n]*\nx+last$/);
});

test("loses nothing, doubles nothing and keeps each one's order where many append at once", async () => {
  const image = await newImage();
  const writer = async (name: number): Promise<void> => {
    for (let line = 0; line < 25; line += 1) await append(image, `${name} ${line}\n`);
  };
  await Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)));
  const lines = (await readAll(image)).text.trimEnd().split("\n");
  expect(lines).toHaveLength(200);
  for (let name = 0; name < 8; name += 1) {
    const own = lines.filter((line) => line.startsWith(`${name} `));
    expect(own).toEqual(Array.from({ length: 25 }, (_, line) => `${name} ${line}`));
  }
});

test("leaves out what a database's text can't hold", async () => {
  const image = await newImage();
  await append(image, "a\0b\ud800c");
  expect((await readAll(image)).text).toBe("ab\ufffdc");
});

test("refuses what is printed of an image that is gone", async () => {
  await expect(append(987_654, "x")).rejects.toThrow(/foreign key/);
});
