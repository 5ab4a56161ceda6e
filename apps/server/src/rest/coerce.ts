import type { JsonSchema } from "./json-schema.ts";

/** Text of a path, a query, a header or a form: one value, or several where a name was repeated. */
export type Text = string | string[];

/**
 * The value that `text` stands for, by the schema of its field. What does not read as that is left as it is: the
 * procedure's own schema refuses it then, and names the field.
 */
export function coerce(schema: JsonSchema, text: Text): unknown {
  const { type, items } = typed(schema);
  if (type === "array") return [text].flat().map((one) => coerce(items ?? {}, one));
  if (Array.isArray(text)) return text;
  if ((type === "integer" || type === "number") && /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** Of several possibilities (`null` is one), the first that is no plain text. */
const typed = (schema: JsonSchema): JsonSchema =>
  schema.anyOf?.find(({ type }) => type !== "string" && type !== "null") ?? schema;

/** The fields that `schema` knows, of those that were given as text; any other is ignored. */
export function coerceFields(schema: JsonSchema, given: Record<string, Text | undefined>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const text = given[name];
      return text === undefined ? [] : [[name, coerce(field, text)]];
    }),
  );
}
