import { expect, test } from "vitest";
import { parseScope, parseScopes } from "./access.ts";

test("a scope names a kind of thing, its name and what is wanted of it", () => {
  expect(parseScope("repository:alice/work:pull,push")).toEqual({
    type: "repository",
    name: "alice/work",
    actions: ["pull", "push"],
  });
  expect(parseScope("registry:catalog:*")).toEqual({ type: "registry", name: "catalog", actions: ["*"] });
  expect(parseScope("repository(plugin):alice/work:pull")).toMatchObject({ type: "repository", name: "alice/work" });
  expect(parseScope("repository:10.0.0.1:5000/a/b:pull")).toMatchObject({ name: "10.0.0.1:5000/a/b" });
});

test("an action that is repeated or empty is one that is not", () => {
  expect(parseScope("repository:a/b:pull,pull,,push,")).toMatchObject({ actions: ["pull", "push"] });
  expect(parseScope("repository:a/b:")).toMatchObject({ actions: [] });
});

test("what is no scope is none", () => {
  for (const text of [
    "",
    "pull",
    "repository:pull",
    ":a:pull",
    "Repository:a:pull",
    `repository:${"a".repeat(2_000)}:pull`,
  ]) {
    expect(parseScope(text)).toBeNull();
  }
});

test("several scopes come one by one or with spaces between", () => {
  const names = (scopes: string[]) => parseScopes(scopes).map(({ name }) => name);
  expect(names(["repository:a/b:pull repository:c/d:push", "repository:e/f:pull"])).toEqual(["a/b", "c/d", "e/f"]);
  expect(names(["nonsense repository:a/b:pull", ""])).toEqual(["a/b"]);
});
