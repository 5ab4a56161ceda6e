import { expect, test } from "vitest";
import { readListing } from "./list.ts";

const MARK = "0123456789abcdef";
const listed = (...lines: string[]) =>
  readListing(Buffer.from(`/data\n${lines.map((line) => `${MARK} ${line}\n`).join("")}`), MARK, [
    { path: "/data/home", storage: "homes" },
  ]);

test("an empty folder has nothing in it", () => {
  expect(listed()).toEqual({ real_path: "/data", storage: null, items: [], truncated: false });
});

test("a name may hold line breaks, and what looks like another line", () => {
  const names = ["a\nb", `x\n${MARK.slice(1)} - 81a4 1 0 root 1 ./y`, "ends with one\n"];
  const { items } = listed(...names.map((name) => `- 81a4 5 0 root 1600000000 ./${name}`));
  expect(items.map(({ name }) => name)).toEqual(names);
});

test("a link tells what it leads to, and what is mounted its storage", () => {
  const { items } = listed(
    "- a1ff 4 0 root 1 ./link",
    "- a1ff 4 0 root 1 ./broken",
    "- 41ed 4096 1000 UNKNOWN 1 ./home",
    "> 41ed 4096 0 root 1 ./link",
  );
  expect(items.map(({ name, kind, leads_to, storage, owner }) => [name, kind, leads_to, storage, owner])).toEqual([
    ["link", "link", "folder", null, "root"],
    ["broken", "link", null, null, "root"],
    ["home", "folder", null, "homes", "1000"],
  ]);
});

test("what a tool says beside it is passed over", () => {
  expect(listed("- 81a4 1 0 root 1 ./kept", "no such line").items).toHaveLength(1);
});
