import { hash } from "@node-rs/argon2";
import { expect, test, vi } from "vitest";
import { hashPassword, isPassword } from "./password.ts";

vi.mock("@node-rs/argon2", { spy: true });

test("what is not wanted any more when its turn comes is not hashed, and holds up nobody", async () => {
  let isWanted = true;
  const confirm = async (): Promise<void> => {
    if (!isWanted) throw new Error("not wanted any more");
  };
  const many = Array.from({ length: 40 }, () =>
    hashPassword("a password", confirm).finally(() => {
      isWanted = false;
    }),
  );
  const outcomes = await Promise.allSettled(many);
  const hashed = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(hashed.length).toBeGreaterThan(0);
  expect(hashed.length).toBeLessThan(10);
  expect(hash).toHaveBeenCalledTimes(hashed.length);
  expect(await isPassword(hashed[0] ?? "", "a password")).toBe(true);
  expect(await hashPassword("another")).toMatch(/^\$argon2id\$/);
});
