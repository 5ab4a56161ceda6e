import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogChunk } from "../engine.ts";
import { LogFrames } from "./log-frames.ts";
import { splitAt } from "./split.fixture.ts";

function frame(stream: number, payload: Uint8Array | string): Buffer {
  const data = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

function demux(chunks: Buffer[]): LogChunk[] {
  const frames = new LogFrames();
  const out = chunks.flatMap((chunk) => frames.push(chunk));
  frames.end();
  return out;
}

/** Neighbouring chunks of one stream joined: how a frame was split is nobody's business. */
function joined(chunks: LogChunk[]): { stream: string; text: string }[] {
  const out: { stream: string; text: string }[] = [];
  for (const { stream, data } of chunks) {
    const text = Buffer.from(data).toString("latin1");
    const last = out.at(-1);
    if (last?.stream === stream) last.text += text;
    else if (text !== "") out.push({ stream, text });
  }
  return out;
}

test("gives every stream its bytes in order, however the frames were split", () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 30 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat()), (all, cuts) => {
      const bytes = Buffer.concat(all.map(([stream, payload]) => frame(stream, payload)));
      const expected = all.map(([stream, data]): LogChunk => ({ stream: stream === 2 ? "stderr" : "stdout", data }));
      expect(joined(demux(splitAt(bytes, cuts)))).toEqual(joined(expected));
    }),
  );
});

test("takes thousands of tiny frames at once", () => {
  const bytes = Buffer.concat(Array.from({ length: 100_000 }, () => frame(1, "x")));
  expect(demux([bytes])).toHaveLength(100_000);
});

test("passes on a 16 MiB frame in small pieces as they come, and copies none", () => {
  const [header, ...pieces] = splitAt(
    frame(1, Buffer.alloc(16 * 1024 * 1024, "x")),
    Array.from({ length: 1_024 }, (_, index) => 8 + index * 16_384),
  );
  const frames = new LogFrames();
  expect(frames.push(header!)).toEqual([]);
  expect(pieces).toHaveLength(1_024);
  for (const piece of pieces) {
    const [passed, ...more] = frames.push(piece);
    expect(more).toEqual([]);
    const { buffer, byteOffset, length } = passed!.data;
    expect(buffer === piece.buffer && byteOffset === piece.byteOffset && length === piece.length).toBe(true);
  }
  frames.end();
});

test("does not wait for the end of a frame that announces four gigabytes", () => {
  const header = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  expect(new LogFrames().push(Buffer.concat([header, Buffer.from("so far")]))).toEqual([
    { stream: "stdout", data: Buffer.from("so far") },
  ]);
});

test("refuses bytes that are no frames", () => {
  const notFrames = expect.objectContaining({ kind: "protocol" });
  expect(() => new LogFrames().push(Buffer.from("plain text of a terminal"))).toThrow(notFrames);
  expect(() => new LogFrames().push(Buffer.from([1, 0, 7, 0, 0, 0, 0, 1, 65]))).toThrow(notFrames);
});

test("tells a log that was cut inside a frame from one that ended", () => {
  const frames = new LogFrames();
  frames.push(frame(1, "cut").subarray(0, 10));
  expect(() => frames.end()).toThrow(expect.objectContaining({ kind: "protocol" }));
});

test("throws the error that an engine sends inside its log", () => {
  expect(() => demux([frame(1, "fine"), frame(3, "log file is gone")])).toThrow(
    expect.objectContaining({ kind: "failed", message: "log file is gone" }),
  );
});
