import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { listedTests } from "./listed-tests.ts";

test("every test file that the page of faults names is there", () => {
  const files = listedTests(fileURLToPath(new URL("../../../../../", import.meta.url)));
  expect(files).toContain("packages/testbed/src/faults/two-leaders.db.test.ts");
  expect(files).toContain("packages/docker/src/transport/faults.test.ts");
});
