import type { JsonSchema } from "./json-schema.ts";

/** Text of a path, a query, a header or a form: one value, or several where a name was repeated. */
export type Text = string | string[];

/**
 * The value that `text` stands for, by the schema of its field. What does not read as that is left as it is: the
 * procedure's own schema refuses it then, and names the field.
 */
function coerce(schema: JsonSchema, text: Text): unknown {
  const { types, items } = readType(schema);
  if (types.includes("array")) return [text].flat().map((one) => coerce(items ?? {}, one));
  if (Array.isArray(text)) return text;
  const isNumber = types.includes("integer") || types.includes("number");
  if (isNumber && /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text)) return Number(text);
  // In a form an object is its JSON.
  if (types.includes("object") && text.trimStart().startsWith("{")) return parseJson(text);
  if (types.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** All that the field may be; `null`, which text can't say, among it. */
function readType({ type, items, anyOf = [] }: JsonSchema): { types: string[]; items: JsonSchema | undefined } {
  const variants = anyOf.map(readType);
  const types = [...[type ?? []].flat(), ...variants.flatMap((variant) => variant.types)];
  return { types, items: items ?? variants.find((variant) => variant.items)?.items };
}

/** The fields that `schema` knows, of those that were given as text; any other is ignored. */
export function coerceFields(schema: JsonSchema, given: Record<string, Text | undefined>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const text = Object.hasOwn(given, name) ? given[name] : undefined;
      return text === undefined ? [] : [[name, coerce(field, text)]];
    }),
  );
}
