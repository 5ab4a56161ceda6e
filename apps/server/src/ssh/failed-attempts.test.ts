import { expect, test } from "vitest";
import { FailedAttempts } from "./failed-attempts.ts";

test("an address that failed too often is sent away until its window has passed, and no other is", () => {
  let now = 0;
  const failed = new FailedAttempts({ perAddress: 3, windowMs: 1_000 }, () => now);
  for (let count = 0; count < 3; count += 1) {
    expect(failed.isTooMany("10.0.0.1")).toBe(false);
    failed.add("10.0.0.1");
  }
  expect(failed.isTooMany("10.0.0.1")).toBe(true);
  expect(failed.isTooMany("10.0.0.2")).toBe(false);
  now = 1_001;
  expect(failed.isTooMany("10.0.0.1")).toBe(false);
});
