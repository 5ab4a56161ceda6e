import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** The JSON as it came; empty where there was none. */
    bodyText: string;
  }
  interface FastifyContextConfig {
    /** The part of a form that is the file, on the paths that take one. */
    fileField?: string | null;
  }
}

/**
 * JSON is the one form of a body here, beside forms with a file. An absent one is `{}`, also where its type was named. Any
 * other is refused, and told what this path takes.
 */
export function parseBodies(scope: FastifyInstance): void {
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
  scope.addContentTypeParser("*", ({ routeOptions }, _body, done) =>
    done(wrongType(routeOptions.config.fileField ?? null)),
  );
}

/** Of a body that a path does not take. */
export const wrongType = (fileField: string | null): DomainError =>
  new DomainError(
    "UNSUPPORTED_MEDIA_TYPE",
    fileField === null
      ? "Send the body as JSON, with the header Content-Type: application/json."
      : `Send the body as multipart/form-data with one part named ${fileField}.`,
  );

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
