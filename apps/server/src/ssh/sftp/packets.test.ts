import fc from "fast-check";
import { expect, test } from "vitest";
import { answer, Fields, PacketReader, SftpError } from "./packets.ts";

test("reads packets whole, in whatever pieces they come", () => {
  const anyPackets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });
  fc.assert(
    fc.property(anyPackets, fc.integer({ min: 1, max: 64 }), (bodies, step) => {
      const wire = Buffer.concat(
        bodies.map((body) => Buffer.concat([Buffer.from([0, 0, body.length >> 8, body.length & 255]), body])),
      );
      const reader = new PacketReader(1_000);
      const read: Buffer[] = [];
      for (let at = 0; at < wire.length; at += step) read.push(...reader.push(wire.subarray(at, at + step)));
      expect(read.map((packet) => packet.toString("hex"))).toEqual(
        bodies.map((body) => Buffer.from(body).toString("hex")),
      );
    }),
  );
});

test("refuses a packet that is too long before it has come", () => {
  expect(() => new PacketReader(1_000).push(Buffer.from([0, 0, 4, 0]))).toThrow(SftpError);
  expect(() => new PacketReader(1_000).push(Buffer.from([0, 0, 0, 0]))).toThrow(SftpError);
});

test("reads back the attributes that it writes, and refuses what is cut off", () => {
  const attributes = {
    size: 2 ** 40,
    owner: { user: 1, group: 2 },
    mode: 0o100_644,
    times: { accessed: 3, modified: 4 },
  };
  const packet = answer.attributes(7, attributes);
  expect(new Fields(packet.subarray(9)).attributes()).toEqual(attributes);
  expect(() => new Fields(packet.subarray(9, 20)).attributes()).toThrow(SftpError);
});
