import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputRing, RING_BYTES } from "./output-ring.ts";

test("keeps the newest bytes, in whatever pieces they came", () => {
  const pieces = fc.array(fc.string({ maxLength: 50 }), { maxLength: 40 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 64 }), (texts, capacity) => {
      const ring = new OutputRing(capacity);
      const ascii = texts.map((text) => text.replace(/[^ -~]/g, "?"));
      for (const text of ascii) ring.push(Buffer.from(text));
      expect(ring.read().toString()).toBe(ascii.join("").slice(-capacity));
    }),
  );
});

test("grows up to its capacity and no further", () => {
  const ring = new OutputRing();
  const piece = Buffer.alloc(1_000, "0123456789");
  for (let printed = 0; printed < 2 * RING_BYTES; printed += piece.length) ring.push(piece);
  expect(ring.read()).toHaveLength(RING_BYTES);
  expect(ring.read().subarray(-10).toString()).toBe("0123456789");
});

test("never starts inside a character", () => {
  const text = "aé漢🚢".repeat(5);
  for (let capacity = 4; capacity <= Buffer.byteLength(text); capacity += 1) {
    const ring = new OutputRing(capacity);
    for (const byte of Buffer.from(text)) ring.push(Uint8Array.of(byte));
    const kept = ring.read().toString();
    expect(text.endsWith(kept)).toBe(true);
    expect(capacity - Buffer.byteLength(kept)).toBeLessThan(4);
  }
});

test("keeps what is not UTF-8, too", () => {
  const ring = new OutputRing(8);
  ring.push(Buffer.alloc(20, 0x80));
  expect(ring.read()).toEqual(Buffer.alloc(5, 0x80));
});

test("a copy that was read is not changed by what comes later", () => {
  const ring = new OutputRing(4);
  ring.push(Buffer.from("ab"));
  const before = ring.read();
  ring.push(Buffer.from("cdef"));
  expect(before.toString()).toBe("ab");
});
