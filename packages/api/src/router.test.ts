import { expect, test } from "vitest";
import { z } from "zod";
import { appRouter } from "./router.ts";

interface Procedure {
  _def: { type: string; inputs: z.ZodType[] };
}

/** They make and change nothing that has fields. */
const LENIENT = ["auth.login", "user.set_photo_custom", "container.download_file"];

const mutations = Object.entries(appRouter._def.procedures as unknown as Record<string, Procedure>)
  .filter(([path, { _def }]) => _def.type === "mutation" && !LENIENT.includes(path))
  .map(([path, { _def }]) => [path, _def.inputs.find((input) => input instanceof z.ZodObject)] as const)
  // What takes ids alone has nothing to be set.
  .filter(([, input]) => input && Object.keys(input.shape).some((key) => !key.endsWith("_id")));

test("there are many that set something", () => expect(mutations.length).toBeGreaterThan(30));

test.each(mutations)("%s refuses a field that can't be set by its name", (_path, input) => {
  const { error } = input!.safeParse({ misspelt: 1 });
  expect(error?.issues).toContainEqual(expect.objectContaining({ code: "unrecognized_keys", keys: ["misspelt"] }));
});
