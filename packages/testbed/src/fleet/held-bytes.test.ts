import { expect, test } from "vitest";
import { watchHeldBytes } from "./held-bytes.ts";

const MIB = 1024 * 1024;

test("counts what is held, and no garbage", () => {
  const ofGarbage = watchHeldBytes();
  for (let count = 0; count < 50; count += 1) Buffer.alloc(MIB, count);
  expect(ofGarbage()).toBeLessThan(25 * MIB);

  const ofHeld = watchHeldBytes();
  const held = Array.from({ length: 50 }, (_, count) => Buffer.alloc(MIB, count));
  expect(ofHeld()).toBeGreaterThan(45 * MIB);
  expect(held).toHaveLength(50);
});
