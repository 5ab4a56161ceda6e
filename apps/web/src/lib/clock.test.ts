import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Clock } from "./clock.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test("ticks for all who look, and for nobody once they have gone", () => {
  const clock = new Clock(1_000);
  const seen: number[] = [];
  const [one, other] = [clock.subscribe(() => seen.push(clock.get())), clock.subscribe(() => seen.push(-1))];
  vi.advanceTimersByTime(1_500);
  expect(seen).toEqual([1_000, -1]);
  expect(clock.get()).toBe(1_000);
  one();
  vi.advanceTimersByTime(1_000);
  expect(seen).toEqual([1_000, -1, -1]);
  other();
  expect(vi.getTimerCount()).toBe(0);
});

test("tells the time to who looks at it first after it stood still", () => {
  const clock = new Clock(10_000);
  clock.subscribe(() => {})();
  vi.advanceTimersByTime(600_000);
  expect(clock.get()).toBe(600_000);
  vi.advanceTimersByTime(9_000);
  clock.subscribe(() => {});
  expect(clock.get()).toBe(609_000);
});
