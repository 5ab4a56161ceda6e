import { expect, test } from "vitest";
import { createLoginThrottle, type LoginThrottle } from "./login-throttle.ts";

const LIMITS = { windowMs: 60_000, failuresPerAccount: 3, failuresPerAddress: 5, registrationsPerAddress: 2 };

function throttleAt(): { throttle: LoginThrottle; advance: (ms: number) => void } {
  let now = 1_000_000;
  return { throttle: createLoginThrottle(LIMITS, () => now), advance: (ms) => (now += ms) };
}

test("refuses after as many failures of one account from one address, and says for how long", () => {
  const { throttle, advance } = throttleAt();
  for (let count = 0; count < 3; count += 1) {
    throttle.countAttempt("a", "li");
    advance(10_000);
  }
  expect(() => throttle.countAttempt("a", "li")).toThrow("try again in 30 seconds");
  throttle.countAttempt("a", "wang");
  throttle.countAttempt("b", "li");
});

test("lets one more through for each failure that grew old", () => {
  const { throttle, advance } = throttleAt();
  for (let count = 0; count < 3; count += 1) {
    throttle.countAttempt("a", "li");
    advance(10_000);
  }
  advance(30_000);
  throttle.countAttempt("a", "li");
  expect(() => throttle.countAttempt("a", "li")).toThrow("try again in 10 seconds");
});

test("counts no attempt that had the right password", () => {
  const { throttle } = throttleAt();
  for (let count = 0; count < 100; count += 1) {
    throttle.countAttempt("a", "li");
    throttle.forgiveAttempt("a", "li");
  }
});

test("counts all accounts of one address together", () => {
  const { throttle } = throttleAt();
  for (let count = 0; count < 5; count += 1) throttle.countAttempt("a", `user-${count}`);
  expect(() => throttle.countAttempt("a", "another")).toThrow("Too many attempts");
});

test("counts registrations apart from attempts to sign in", () => {
  const { throttle } = throttleAt();
  throttle.countRegistration("a");
  throttle.countRegistration("a");
  expect(() => throttle.countRegistration("a")).toThrow("Too many attempts");
  throttle.countAttempt("a", "li");
});
