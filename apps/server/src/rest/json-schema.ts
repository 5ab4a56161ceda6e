import { z } from "zod";

/** As far as this door reads it. */
export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/** What a client may send. Bytes, which JSON has no type for, are left open. */
export const inputSchemaOf = (schema: z.ZodType): JsonSchema =>
  plain(z.toJSONSchema(schema, { ...READABLE, io: "input" }));

/** What is answered, by the name of each schema; `$ref` leads from one to another. */
export function outputSchemasOf(named: z.core.$ZodRegistry<{ id: string }>): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(named, { ...READABLE, io: "output", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)]));
}

/** zod has others, which only its own reader knows: there the pattern says it. */
const KNOWN_FORMATS = new Set(["date-time", "email", "uuid"]);

/** Without what says nothing to a reader: the pattern behind a format, and how far JavaScript counts. */
const READABLE: z.core.ToJSONSchemaParams = {
  unrepresentable: "any",
  override({ jsonSchema }) {
    if (KNOWN_FORMATS.has(jsonSchema.format ?? "")) delete jsonSchema.pattern;
    else delete jsonSchema.format;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  },
};

function plain(schema: object): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema as JsonSchema;
  return rest;
}
