import { queryObjects } from "node:v8";
import { expect, test } from "vitest";
import { writeTar } from "./write-tar.ts";

const CHUNKS = 2_000;

test("holds nothing of the chunks of a large file that have gone", async () => {
  const chunk = Buffer.alloc(64 * 1024);
  async function* read() {
    for (let number = 0; number < CHUNKS; number += 1) yield chunk;
  }
  async function* entries() {
    const size = CHUNKS * chunk.length;
    yield { path: "large", kind: "file" as const, target: "", mode: 0o644, mtime: new Date(0), size, read };
  }
  const promises = (): number => queryObjects(Promise, { format: "count" });
  const before = promises();
  let left = CHUNKS * chunk.length;
  let after = 0;
  for await (const piece of writeTar(entries())) {
    left -= piece.length;
    if (after === 0 && left < 100 * chunk.length) after = promises();
  }
  expect(after - before).toBeLessThan(CHUNKS / 4);
});
