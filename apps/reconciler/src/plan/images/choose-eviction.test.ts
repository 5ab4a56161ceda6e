import { expect, test } from "vitest";
import { chooseEviction, type Evictable } from "./choose-eviction.ts";

const NOW = 10_000_000;
const imageOf = (reference: string, fields: Partial<Evictable> = {}): Evictable => ({
  reference,
  imageId: 1,
  isPresent: true,
  isPrewarmed: false,
  lastUsedAt: NOW - 1_000_000,
  ...fields,
});

test("takes what was used least recently", () => {
  const images = [imageOf("newer"), imageOf("oldest", { lastUsedAt: NOW - 2_000_000 }), imageOf("new")];
  expect(chooseEviction(images, new Set(), NOW)).toBe("oldest");
});

test.each([
  ["a container needs", { imageId: 7 }],
  ["an admin wants there", { isPrewarmed: true }],
  ["was used a moment ago", { lastUsedAt: NOW - 119_000 }],
  ["is not there", { isPresent: false }],
  ["is cleared away anyway", { imageId: null }],
])("leaves what %s", (_, fields) => {
  expect(chooseEviction([imageOf("it", fields)], new Set([7]), NOW)).toBeNull();
});

test("takes nothing where nothing is Berth's", () => {
  expect(chooseEviction([], new Set(), NOW)).toBeNull();
});
