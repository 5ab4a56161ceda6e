import { afterEach, expect, test, vi } from "vitest";
import { KnownTokens } from "./known-tokens.ts";

afterEach(() => {
  vi.useRealTimers();
});

const tokenUntil = (expires_at: Date) => ({ user_id: 1, account: "li", token_epoch: 0, expires_at });

test("forgets a token at the second in which it expires", () => {
  vi.useFakeTimers({ now: 1_000 });
  const known = new KnownTokens();
  known.remember("a", tokenUntil(new Date(2_000)));
  vi.setSystemTime(1_999);
  expect(known.find("a")).toMatchObject({ account: "li" });
  vi.setSystemTime(2_000);
  expect(known.find("a")).toBeUndefined();
});

test("remembers only so many, the newest", () => {
  const known = new KnownTokens(2);
  const token = tokenUntil(new Date(Date.now() + 60_000));
  for (const key of ["a", "b", "c"]) known.remember(key, token);
  expect([known.find("a"), known.find("b"), known.find("c")]).toEqual([undefined, token, token]);
});
