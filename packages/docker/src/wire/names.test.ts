import fc from "fast-check";
import { expect, test } from "vitest";
import { checkedContainer, checkedContainerId, checkedName, checkedReference } from "./names.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const refused = expect.objectContaining({ kind: "rejected", sent: false });

test.each([
  "busybox",
  "busybox:latest",
  "berth-test/busybox:1.2_3",
  "10.77.0.1:5000/public/pytorch:2.4-cuda12",
  `registry.lab:5000/alice/work@${DIGEST}`,
  `alice/work:v1@${DIGEST}`,
  "[fd00::1]:5000/public/base",
  "localhost/a__b/c--d",
  DIGEST,
  "0123456789ab",
])("takes %s as an image reference", (reference) => {
  expect(checkedReference(reference)).toBe(reference);
});

test.each([
  "",
  "../containers/x",
  "a/../b",
  "/busybox",
  "busybox?all=1",
  "busybox#x",
  "busybox:latest/json",
  "UPPER/case//x",
  "a b",
  "busybox@sha256:short",
  `busybox:${"t".repeat(129)}`,
  "x".repeat(600),
])("refuses %j as an image reference", (reference) => {
  expect(() => checkedReference(reference)).toThrow(refused);
});

test("takes container ids and nothing else for an id", () => {
  expect(checkedContainerId("0123456789ab")).toBe("0123456789ab");
  for (const id of ["", "0123", "ABCDEF012345", "../images/x", "0123456789ab/json", "name"]) {
    expect(() => checkedContainerId(id)).toThrow(refused);
  }
});

test("takes Docker's own names", () => {
  expect(checkedContainer("berth-jupyter-1a2b3c4d")).toBe("berth-jupyter-1a2b3c4d");
  for (const name of ["", "x", "-x", "a/b", "a?b", "a%2fb", "..", "名字"]) {
    expect(() => checkedName(name)).toThrow(refused);
  }
});

test("lets nothing through that would change a path", () => {
  const nasty = fc.string({ unit: fc.constantFrom(...Array.from("ab0/.:@?#%&\\ \n_-[]")) });
  fc.assert(
    fc.property(nasty, (text) => {
      const path = (() => {
        try {
          return `/images/${checkedReference(text)}/json`;
        } catch {
          return "/images/refused/json";
        }
      })();
      const url = new URL(path, "http://engine");
      expect(url.pathname).toBe(path);
      expect(url.search + url.hash).toBe("");
    }),
    { numRuns: 5_000 },
  );
});
