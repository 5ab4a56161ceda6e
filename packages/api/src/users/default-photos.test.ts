import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_PHOTOS, DEFAULT_PHOTOS_DIR } from "./default-photos.ts";

test("each picture of the list is a file, and each file is in the list", async () => {
  const files = DEFAULT_PHOTOS.map(({ name }) => `${name}.svg`);
  expect((await readdir(DEFAULT_PHOTOS_DIR)).toSorted()).toEqual(files);
  expect(files.length).toBeGreaterThanOrEqual(10);
});

test.each(DEFAULT_PHOTOS)("the picture $name is square, and nothing but shapes", async ({ name, photo }) => {
  expect(photo).toBe(`/photos/default/${name}.svg`);
  const svg = await readFile(join(DEFAULT_PHOTOS_DIR, `${name}.svg`), "utf8");
  expect(svg).toContain('viewBox="0 0 256 256"');
  const elements = [...svg.matchAll(/<([a-z]+)/gi)].map(([, element = ""]) => element);
  expect(elements.filter((element) => !["svg", "g", "path", "circle"].includes(element))).toEqual([]);
  expect(svg).not.toMatch(/\son[a-z]+=|href|style=|url\(/i);
});
