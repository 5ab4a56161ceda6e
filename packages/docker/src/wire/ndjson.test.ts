import { growsLinearly } from "@berth/testbed/grows-linearly.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../engine.ts";
import { splitAt } from "./split.fixture.ts";
import { NdjsonParser } from "./ndjson.ts";

function parseAll(chunks: Buffer[], parser = new NdjsonParser()): unknown[] {
  const values = chunks.flatMap((chunk) => parser.push(chunk));
  return [...values, ...parser.end()].map(({ value }) => value);
}

test("gives the same values however the bytes were split", () => {
  const text = fc.string({ unit: "grapheme" });
  const lines = fc.array(fc.record({ status: text, n: fc.integer() }), { maxLength: 20 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat()), fc.constantFrom("\n", "\r\n"), fc.boolean(), (values, cuts, end, isOpen) => {
      const body = values.map((value) => JSON.stringify(value)).join(end) + (isOpen ? "" : end);
      expect(parseAll(splitAt(Buffer.from(body), cuts))).toEqual(values);
    }),
  );
});

test("keeps a character whole whose bytes come one by one", () => {
  const bytes = Buffer.from('{"name":"实验室 🛳"}\n');
  expect(parseAll([...bytes].map((byte) => Buffer.from([byte])))).toEqual([{ name: "实验室 🛳" }]);
});

test("takes a last line that has no newline", () => {
  expect(parseAll([Buffer.from('{"a":1}\n{"b":2}')])).toEqual([{ a: 1 }, { b: 2 }]);
});

test("ignores empty lines", () => {
  expect(parseAll([Buffer.from('\r\n\n{"a":1}\r\n\r\n')])).toEqual([{ a: 1 }]);
});

test("takes a line of a megabyte in small pieces without slowing down", () => {
  const parse = (length: number): void => {
    const bytes = Buffer.from(`${JSON.stringify({ text: "x".repeat(length) })}\n`);
    const pieces = splitAt(
      bytes,
      Array.from({ length: length / 64 }, (_, index) => index * 64),
    );
    expect(parseAll(pieces)).toHaveLength(1);
  };
  expect(growsLinearly(parse, 1024 * 1024)).toBe(true);
});

test("refuses a line beyond all measure before it is complete", () => {
  const parser = new NdjsonParser(1_000);
  expect(() => parser.push(Buffer.alloc(1_001, "x"))).toThrow(EngineError);
});

test("refuses what is not JSON as no answer of Docker's", () => {
  const parser = new NdjsonParser();
  expect(() => parser.push(Buffer.from("<html>\n"))).toThrow(expect.objectContaining({ kind: "protocol" }));
});

test("refuses a last line that was cut", () => {
  const parser = new NdjsonParser();
  parser.push(Buffer.from('{"a":'));
  expect(() => parser.end()).toThrow(expect.objectContaining({ kind: "protocol" }));
});
