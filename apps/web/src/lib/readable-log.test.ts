import { expect, test } from "vitest";
import { findAll, readableLog } from "./readable-log.ts";

test("leaves out what only a terminal understands", () => {
  expect(readableLog("\u001B[1;32mok\u001B[0m \u001B]0;title\u0007done\r\n")).toBe("ok done\n");
});

test("shows of a line that is written over what it showed last", () => {
  expect(readableLog("a\n10%\r50%\r100%\nb\r\nc")).toBe("a\n100%\nb\nc");
  expect(readableLog("10%\r50%\r")).toBe("50%");
  expect(readableLog("\r\r\n\rdone\r\r\n\r")).toBe("\ndone\n");
});

test("takes a line of half a megabyte as any other", () => {
  const long = "x".repeat(500_000);
  expect(readableLog(long)).toBe(long);
  expect(readableLog(`10%\r${long}\r\n`)).toBe(`${long}\n`);
  expect(readableLog("\r".repeat(500_000))).toBe("");
});

test("finds words whatever their case, and no more than were asked for", () => {
  expect(findAll("Error: an ERROR, an error", "error")).toEqual([0, 10, 20]);
  expect(findAll("aaaa", "aa")).toEqual([0, 2]);
  expect(findAll("aaaa", "a", 2)).toEqual([0, 1]);
  expect(findAll("aaaa", "")).toEqual([]);
});
