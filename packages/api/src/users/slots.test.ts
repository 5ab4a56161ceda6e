import { expect, test } from "vitest";
import { createSlots } from "./slots.ts";

/** Work that ends when it is told to. */
function openWork() {
  const ends: (() => void)[] = [];
  return { ends, work: () => new Promise<void>((resolve) => ends.push(resolve)) };
}

test("runs so many at once, the others in turn, and refuses more than may wait", async () => {
  const { ends, work } = openWork();
  const inSlot = createSlots({ atOnce: 2, waiting: 1 });
  const all = [inSlot(work), inSlot(work), inSlot(work)];
  await expect(inSlot(work)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(ends).toHaveLength(2);
  ends[0]?.();
  await all[0];
  await expect.poll(() => ends).toHaveLength(3);
  for (const end of ends) end();
  await Promise.all(all);
});

test("work that fails gives its slot back", async () => {
  const inSlot = createSlots({ atOnce: 1, waiting: 0 });
  await expect(inSlot(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await inSlot(() => Promise.resolve("fine"))).toBe("fine");
});
