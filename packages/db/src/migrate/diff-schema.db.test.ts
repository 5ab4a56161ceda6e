import { expect, inject, test } from "vitest";
import type {} from "@berth/testbed/postgres/global-setup.ts";
import { diffSchema, readSchema } from "./diff-schema.ts";

test("the migrations make what schema.prisma says", async () => {
  expect(await diffSchema(inject("postgres").admin_url)).toBe("");
});

test("prints the SQL of a model that no migration makes", async () => {
  const schema = `${await readSchema()}\nmodel moorings {\n  mooring_id Int @id\n}\n`;
  expect(await diffSchema(inject("postgres").admin_url, schema)).toContain('CREATE TABLE "moorings"');
});
