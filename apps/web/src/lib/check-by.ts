import type { z } from "zod";
import { said } from "./said.ts";

/** As the validator of a form's field: refuses, in the schema's words, what the schema does not take. */
export function checkBy(schema: z.ZodType, value: unknown): Promise<void> {
  const fault = schema.safeParse(value).error?.issues[0]?.message;
  return fault === undefined ? Promise.resolve() : Promise.reject(new Error(said(fault)));
}
