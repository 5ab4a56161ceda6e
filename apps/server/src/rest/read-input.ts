import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyRequest } from "fastify";
import { type Text, coerceFields } from "./coerce.ts";
import { wrongType } from "./parse-bodies.ts";
import type { RestProcedure } from "./procedures.ts";
import { readUpload } from "./upload.ts";

/**
 * A procedure's input: the fields of its path, and the others from the query (GET, DELETE), from a JSON body or from a
 * form. Whatever repeats a field of the path counts for nothing.
 */
export async function readInput({ input, route }: RestProcedure, request: FastifyRequest): Promise<unknown> {
  if (route.upload === undefined && request.isMultipart()) {
    throw wrongType(null);
  }
  if (input === null) return undefined;
  const ofPath = coerceFields(input, request.params as Record<string, Text>);
  if (route.upload) return { ...(await readUpload(input, route.upload, request)), ...ofPath };
  if (route.method === "GET" || route.method === "DELETE") {
    return { ...coerceFields(input, request.query as Record<string, Text>), ...ofPath };
  }
  const body = request.body ?? {};
  if (typeof body !== "object" || Array.isArray(body)) {
    throw new DomainError("BAD_REQUEST", "The body is a JSON object: {…}.");
  }
  return { ...body, ...ofPath };
}
