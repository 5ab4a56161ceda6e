import { expect, test } from "vitest";
import { refuseUnstorable } from "./refuse-unstorable.ts";

test.each([["a\0b"], ["\ud800"], [{ env: { "A\0": "1" } }], [[{ deep: ["\udc00x"] }]]])("refuses %j", (input) => {
  expect(() => refuseUnstorable(input)).toThrow(/A NUL character|half of a character/);
});

test("takes whole characters of any script, numbers, nothing at all, and bytes that are no text", () => {
  refuseUnstorable({ name: "容器 👩‍👩‍👧", memory: 512, gpu_type: null, photo: Uint8Array.of(0, 0xd8, 0) });
  refuseUnstorable(undefined);
});

test("is not brought down by how deep an input goes", () => {
  let input: unknown = "\0";
  for (let level = 0; level < 200_000; level += 1) input = [input];
  expect(() => refuseUnstorable(input)).toThrow("NUL");
});
