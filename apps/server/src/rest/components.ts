import * as apiToken from "@berth/spec/api-token.ts";
import * as audit from "@berth/spec/audit.ts";
import * as condition from "@berth/spec/condition.ts";
import * as container from "@berth/spec/container.ts";
import * as createParams from "@berth/spec/create-params.ts";
import * as image from "@berth/spec/image.ts";
import * as invitation from "@berth/spec/invitation.ts";
import * as live from "@berth/spec/live.ts";
import * as machine from "@berth/spec/machine.ts";
import * as mount from "@berth/spec/mount.ts";
import * as registryNoun from "@berth/spec/registry.ts";
import * as settings from "@berth/spec/settings.ts";
import * as sshKey from "@berth/spec/ssh-key.ts";
import * as storage from "@berth/spec/storage.ts";
import * as user from "@berth/spec/user.ts";
import { z } from "zod";
import { ErrorBody } from "../errors.ts";
import { type JsonSchema, outputSchemasOf } from "./json-schema.ts";

const NOUNS: object[] = [
  apiToken,
  audit,
  condition,
  container,
  createParams,
  image,
  invitation,
  live,
  machine,
  mount,
  registryNoun,
  settings,
  sshKey,
  storage,
  user,
];

export interface Components {
  /** What answers consist of, by name. */
  schemas: Record<string, JsonSchema>;
  /** A reference to it where it has a name, else the whole of it. */
  schemaOf(output: z.ZodType): JsonSchema;
}

/** Names every schema of the spec as it is exported, so that `Machine` is one thing wherever it is answered. */
export function componentsFor(outputs: readonly z.ZodType[]): Components {
  const registry = z.registry<{ id: string }>();
  const named = new Map<z.ZodType, string>();
  const name = (schema: z.ZodType, id: string): void => {
    if (registry.has(schema)) return;
    registry.add(schema, { id });
    named.set(schema, id);
  };
  name(ErrorBody, "Error");
  for (const noun of NOUNS) {
    for (const [id, value] of Object.entries(noun)) if (value instanceof z.ZodType) name(value, id);
  }
  const names = new Set(named.values());
  outputs.forEach((output, index) => name(output, `answer ${index}`));
  const schemas = outputSchemasOf(registry);
  const answers = outputs.map((output) => schemas[named.get(output) ?? ""] ?? {});
  const isUsed = reachable([...answers, { $ref: refTo("Error") }], schemas);
  for (const output of outputs) isUsed.add(named.get(output) ?? "");
  return {
    schemas: Object.fromEntries(Object.entries(schemas).filter(([id]) => names.has(id) && isUsed.has(id))),
    schemaOf(output) {
      const id = named.get(output) ?? "";
      return names.has(id) ? { $ref: refTo(id) } : (schemas[id] ?? {});
    },
  };
}

const SCHEMAS = "#/components/schemas/";
const refTo = (id: string): string => SCHEMAS + id;

/** The names that these lead to, by however many steps. */
function reachable(from: readonly unknown[], schemas: Record<string, JsonSchema>): Set<string> {
  const found = new Set<string>();
  const waiting = [...from];
  while (waiting.length > 0) {
    const at = waiting.pop();
    if (typeof at !== "object" || at === null) continue;
    waiting.push(...Object.values(at));
    const ref = "$ref" in at ? at.$ref : undefined;
    const id = typeof ref === "string" ? ref.slice(SCHEMAS.length) : "";
    if (id === "" || found.has(id)) continue;
    found.add(id);
    waiting.push(schemas[id]);
  }
  return found;
}
