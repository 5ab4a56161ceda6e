import { expect, test } from "vitest";
import { type Announced, toPayloads } from "./announce.ts";

const parsed = (announced: readonly Announced[]): Announced[][] =>
  toPayloads(announced).map((payload) => JSON.parse(payload) as Announced[]);

test("as many changes as fit go into one payload", () => {
  const changes = Array.from({ length: 2_000 }, (_, id): Announced => ["container", String(id), [7]]);
  const payloads = toPayloads(changes);
  expect(payloads.length).toBeLessThan(8);
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(7_900);
  expect(parsed(changes).flat()).toEqual(changes);
});

test("counts bytes, not characters", () => {
  const changes = Array.from({ length: 300 }, (_, index): Announced => ["machine", `显卡服务器-${index}`, null]);
  for (const payload of toPayloads(changes)) expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(7_900);
  expect(parsed(changes).flat()).toEqual(changes);
});

test("an audience that is too large for one payload is told in parts", () => {
  const audience = Array.from({ length: 3_000 }, (_, index) => 1_000_000 + index);
  const told = parsed([["image", "3", audience]]);
  for (const payload of toPayloads([["image", "3", audience]])) {
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(7_900);
  }
  expect(told.flat().flatMap(([, , part]) => part)).toEqual(audience);
});

test("nothing is no payload", () => {
  expect(toPayloads([])).toEqual([]);
});
