import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasTest, listedNames } from "./listed-names.ts";
import { listedTests } from "./listed-tests.ts";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));

test("every test file that the page of faults names is there", () => {
  const files = listedTests(ROOT).flatMap((listed) => listed.files);
  expect(files).toContain("packages/testbed/src/faults/two-leaders.db.test.ts");
  expect(files).toContain("packages/docker/src/transport/faults.test.ts");
  expect(files).toContain("packages/testbed/src/probe/probe.engine.test.ts");
});

test("where only some of a file's tests are meant, the file has them", () => {
  const some = listedTests(ROOT).filter(({ tests }) => tests !== undefined);
  expect(some).not.toEqual([]);
  for (const { files, tests = "" } of some) {
    expect(files).not.toEqual([]);
    for (const file of files) expect(readFileSync(join(ROOT, file), "utf8")).toContain(`"${tests}`);
  }
});

test("every test file of faults is named on the page", () => {
  const folder = "packages/testbed/src/faults";
  // Tests without a database are of what the others share.
  const files = readdirSync(join(ROOT, folder)).filter((name) => /\.(db|engine)\.test\.ts$/.test(name));
  expect(files).toContain("two-leaders.db.test.ts");
  const page = readFileSync(join(ROOT, "docs/faults.md"), "utf8");
  expect(files.filter((name) => !page.includes(`\`faults/${name}\``))).toEqual([]);
});

test("every test that the page quotes is in the file that it names", () => {
  const names = listedNames(ROOT);
  expect(names).toContainEqual({
    file: "packages/testbed/src/faults/wrong-answers.db.test.ts",
    name: "that a removal is in progress: ",
    isWhole: false,
  });
  const absent = names.filter(({ file, ...quoted }) => !hasTest(readFileSync(join(ROOT, file), "utf8"), quoted));
  expect(absent).toEqual([]);
});

test("a name is found where its file has it, or a template of it with its values, and nowhere else", () => {
  const source =
    'const calls = ["create", "start"]; test.each(calls)("at the %s: it is made once, and runs", () => {});';
  const isIn = (name: string, isWhole = true): boolean => hasTest(source, { name, isWhole });
  expect(isIn("at the create: it is made once, and runs")).toBe(true);
  expect(isIn("at the start: it is made", false)).toBe(true);
  expect(isIn("at the start: it is made")).toBe(false);
  expect(isIn("at the stop: it is made", false)).toBe(false);
  expect(isIn("at the create: it is made twice", false)).toBe(false);
});
