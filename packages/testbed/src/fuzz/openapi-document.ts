import { z } from "zod";
import type { Schema } from "./make-value.ts";

const Parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean().default(false),
  schema: z.custom<Schema>().default({}),
});

const Content = z.record(z.string(), z.object({ schema: z.custom<Schema>().default({}) }));

const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(Parameter).default([]),
  requestBody: z.object({ content: Content }).optional(),
  /** Each is a `$ref`, or written out where it is. */
  responses: z.record(z.string(), z.object({ $ref: z.string().startsWith("#/").optional() })),
});

const METHODS = ["get", "post", "patch", "delete", "put"] as const;

const Document = z.object({
  openapi: z.string().startsWith("3.1"),
  paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), Operation)),
});

export interface DocumentedOperation extends z.infer<typeof Operation> {
  method: string;
  path: string;
}

export interface OpenApiDocument {
  /** As it was read, for a validator. */
  json: object;
  operations: DocumentedOperation[];
  resolve(ref: string): Schema;
}

/** Reads what a server says of itself. */
export async function readOpenApi(url: string): Promise<OpenApiDocument> {
  const response = await fetch(`${url}/api/openapi.json`);
  const json = (await response.json()) as object;
  const { paths } = Document.parse(json);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
  return { json, operations, resolve: (ref) => resolvePointer(json, ref) };
}

function resolvePointer(json: object, ref: string): Schema {
  let found: unknown = json;
  for (const step of ref.replace(/^#\//, "").split("/")) {
    found = (found as Record<string, unknown>)[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  if (typeof found !== "object" || found === null) throw new Error(`the document has no ${ref}`);
  return found;
}
