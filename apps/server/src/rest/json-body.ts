import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** The JSON as it came; empty where there was none. */
    bodyText: string;
  }
}

/** JSON is the one form of a body here. An absent one is `{}`, also where its type was named. */
export function parseJsonBodies(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.removeAllContentTypeParsers();
  scope.decorateRequest("bodyText", "");
  scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes: Buffer, done) => {
    const text = decode(bytes);
    if (text === null) return done(new DomainError("BAD_REQUEST", "The body is not UTF-8."));
    request.bodyText = text;
    if (text.trim() === "") return done(null, {});
    void parse(request, text, done);
  });
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
