import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
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
