import { expect, test } from "vitest";
import { joinPath, parentOf, shownMode, shownName, stepsOf } from "./paths.ts";

test("goes down and up again, from the root too", () => {
  expect(joinPath("/", "a")).toBe("/a");
  expect(joinPath("/a", "b c")).toBe("/a/b c");
  expect([parentOf("/a/b"), parentOf("/a"), parentOf("/")]).toEqual(["/a", "/", "/"]);
  expect(stepsOf("/")).toEqual([{ name: "/", path: "/" }]);
  expect(stepsOf("/a/b").map(({ path }) => path)).toEqual(["/", "/a", "/a/b"]);
});

test("shows a name on one line, and a mode as ls does", () => {
  expect(shownName("a\nb\tc")).toBe("a␊b␉c");
  expect([shownMode("755"), shownMode("4640"), shownMode("0")]).toEqual(["rwxr-xr-x", "rw-r-----", "---------"]);
});
