import type { RegistryAccess } from "@berth/docker/registry/access.ts";
import { expect, test } from "vitest";
import { type AccessFacts, decideAccess } from "./decide-access.ts";

const alice: AccessFacts = {
  account: "alice",
  role: "user",
  mayWrite: true,
  userPush: false,
  isCollecting: false,
  shared: new Set(),
};
const admin: AccessFacts = { ...alice, account: "boss", role: "admin" };

/** `name:actions` as it was asked for, and as it is granted. */
function granted(facts: AccessFacts, ...asked: string[]): string[] {
  const parsed = asked.map((text): RegistryAccess => {
    const [name = "", actions = ""] = text.split(":");
    return { type: "repository", name, actions: actions.split(",") };
  });
  return decideAccess(facts, parsed).map(({ name, actions }) => `${name}:${actions.join(",")}`);
}

test("a user pulls what is public and what is theirs, and nothing else", () => {
  expect(granted(alice, "public/x:pull", "alice/x:pull", "bob/x:pull", "alicex/x:pull")).toEqual([
    "public/x:pull",
    "alice/x:pull",
  ]);
});

test("a user pulls a repository that is shared with them, and only that", () => {
  const facts = { ...alice, shared: new Set(["bob/x"]) };
  expect(granted(facts, "bob/x:pull,push", "bob/y:pull", "bob/xx:pull")).toEqual(["bob/x:pull"]);
});

test("a user pushes into their own namespace where users may, and nowhere else", () => {
  const asked = ["alice/x:pull,push", "bob/x:push", "public/x:push"];
  expect(granted(alice, ...asked)).toEqual(["alice/x:pull"]);
  expect(granted({ ...alice, userPush: true }, ...asked)).toEqual(["alice/x:pull,push"]);
});

test("an admin pulls everything, and pushes what is public", () => {
  expect(granted(admin, "bob/x:pull,push", "public/x:pull,push", "boss/x:push")).toEqual([
    "bob/x:pull",
    "public/x:pull,push",
  ]);
});

test("a credential that may only read pushes nothing, whosever it is", () => {
  for (const facts of [{ ...alice, userPush: true }, admin]) {
    expect(granted({ ...facts, mayWrite: false }, `${facts.account}/x:pull,push`, "public/x:push")).toEqual([
      `${facts.account}/x:pull`,
    ]);
  }
});

test("nobody pushes while garbage is collected, and everybody pulls on", () => {
  for (const facts of [{ ...alice, userPush: true }, admin]) {
    expect(granted({ ...facts, isCollecting: true }, "public/x:pull,push", `${facts.account}/x:push`)).toEqual([
      "public/x:pull",
    ]);
  }
});

test("nobody deletes, and nobody lists the catalog", () => {
  for (const facts of [{ ...alice, userPush: true }, admin]) {
    expect(granted(facts, "alice/x:delete", "public/x:*", `${facts.account}/x:delete,*`)).toEqual([]);
    const catalog = { type: "registry", name: "catalog", actions: ["*"] };
    expect(decideAccess(facts, [catalog, { ...catalog, actions: ["pull"] }])).toEqual([]);
  }
});

test("nothing is granted of what is not named as images are", () => {
  for (const name of ["alice", "alice/x/y", "/x", "alice/", "alice/../bob", "Alice/x", "public", "alice/x y"]) {
    expect(granted({ ...admin, account: "alice", userPush: true }, `${name}:pull,push`), name).toEqual([]);
  }
});

test("what is asked for twice is granted once", () => {
  expect(granted({ ...alice, userPush: true }, "alice/x:pull", "alice/x:push,pull")).toEqual(["alice/x:pull,push"]);
});
