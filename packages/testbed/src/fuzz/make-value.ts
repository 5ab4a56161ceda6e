import type { Chance } from "./chance.ts";
import { ODD_VALUES } from "./odd-values.ts";

/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
}

export interface ValueMaker {
  chance: Chance;
  /** What would fit, by the name of a field, or of an operation and its field: else every request would end at a 404. */
  known: Readonly<Record<string, Known>>;
  /** Whose request it is. */
  operationId: string;
  resolve(ref: string): Schema;
}

/** Values to choose from, or how to make one. */
export type Known = readonly unknown[] | ((chance: Chance) => unknown);

const MAX_DEPTH = 6;

/** A value that the schema might take; text is plain, since patterns are not followed. */
export function makeValue(maker: ValueMaker, schema: Schema, name: string, depth = 0): unknown {
  const { chance, known, operationId, resolve } = maker;
  if (schema.$ref !== undefined) return makeValue(maker, resolve(schema.$ref), name, depth);
  const fitting = known[`${operationId}.${name}`] ?? known[name];
  if (fitting && chance.happens(0.9)) return typeof fitting === "function" ? fitting(chance) : chance.pick(fitting);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return chance.pick(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return makeValue(maker, chance.pick(choices), name, depth);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => makeValue(maker, part, name, depth)));
  const type = Array.isArray(schema.type) ? chance.pick(schema.type) : schema.type;
  switch (type) {
    case "string":
      return `${chance.pick(["a", "work", "li-2", "demo", "x"])}${chance.happens(0.5) ? chance.below(1_000) : ""}`;
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 0, Math.min(schema.maximum ?? 100, chance.below(50)));
    case "boolean":
      return chance.happens(0.5);
    case "null":
      return null;
    case "array":
      if (depth >= MAX_DEPTH) return [];
      return Array.from({ length: chance.below(3) }, () => makeValue(maker, schema.items ?? {}, name, depth + 1));
    case "object":
      return makeObject(maker, schema, depth);
    default:
      return chance.pick(ODD_VALUES);
  }
}

function makeObject(maker: ValueMaker, schema: Schema, depth: number): Record<string, unknown> {
  const { chance } = maker;
  const object: Record<string, unknown> = {};
  for (const [field, fieldSchema] of Object.entries(schema.properties ?? {})) {
    const isGiven = schema.required?.includes(field) ? chance.happens(0.97) : chance.happens(0.4);
    if (isGiven && depth < MAX_DEPTH) object[field] = makeValue(maker, fieldSchema, field, depth + 1);
  }
  if (typeof schema.additionalProperties === "object" && chance.happens(0.5)) {
    object[`K_${chance.below(10)}`] = makeValue(maker, schema.additionalProperties, "", depth + 1);
  }
  return object;
}

/** The same with one field somewhere in it replaced by a value that hardly fits, or one field too many. */
export function spoil(chance: Chance, value: unknown): unknown {
  if (typeof value !== "object" || value === null || chance.happens(0.1)) return chance.pick(ODD_VALUES);
  const copy: Record<string, unknown> = { ...value };
  const fields = Object.keys(copy);
  const field = fields.length === 0 || chance.happens(0.1) ? `extra_${chance.below(5)}` : chance.pick(fields);
  copy[field] = chance.happens(0.4) ? spoil(chance, copy[field]) : chance.pick(ODD_VALUES);
  return Array.isArray(value) ? Object.values(copy) : copy;
}
