import { expect, test } from "vitest";
import { z } from "zod";
import { coerceFields } from "./coerce.ts";
import { inputSchemaOf } from "./json-schema.ts";

const Input = inputSchemaOf(
  z.object({
    limit: z.int().min(1).default(50),
    share: z.number().nullable().optional(),
    force: z.boolean().optional(),
    name: z.string().optional(),
    note: z.string().nullable().optional(),
    ids: z.array(z.int()).optional(),
    either: z.union([z.boolean(), z.enum(["auto"])]).optional(),
  }),
);

test("text becomes what its field is", () => {
  const given = { limit: "7", share: "0.5", force: "true", name: "7", note: "true", ids: ["1", "2"], either: "false" };
  expect(coerceFields(Input, given)).toEqual({
    limit: 7,
    share: 0.5,
    force: true,
    name: "7",
    note: "true",
    ids: [1, 2],
    either: false,
  });
});

test("a list may have one value", () => {
  expect(coerceFields(Input, { ids: "3" })).toEqual({ ids: [3] });
});

test("what does not read as its field's type is left for the schema to refuse", () => {
  const given = { limit: "1e3", share: "half", force: "yes", ids: ["x", "1.2.3"], either: "auto" };
  expect(coerceFields(Input, given)).toEqual(given);
  expect(coerceFields(Input, { limit: "", share: " 1", force: "TRUE", name: ["a", "b"] })).toEqual({
    limit: "",
    share: " 1",
    force: "TRUE",
    name: ["a", "b"],
  });
});

test("names that no field has are ignored, and those of every object, too", () => {
  expect(coerceFields(Input, { colour: "red", constructor: "x" })).toEqual({});
  expect(coerceFields(inputSchemaOf(z.object({ toString: z.string().optional() })), {})).toEqual({});
});
