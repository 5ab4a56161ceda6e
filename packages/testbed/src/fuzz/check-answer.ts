import addFormats from "ajv-formats";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { DocumentedOperation, OpenApiDocument } from "./openapi-document.ts";

export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** They ask an engine or the registry, and here neither is there: to say so, as documented, is right. */
export const ASKS_OTHERS: ReadonlySet<string> = new Set([
  "/api/machines/{machine_id}/images",
  "/api/machines/{machine_id}/foreign_containers",
  "/api/registry/images",
  "/api/containers/{container_id}/save",
  "/api/containers/{container_id}/files",
  "/api/containers/{container_id}/files/download",
]);

/** What is wrong with an answer by the document, or null where all is as it says. */
export type CheckAnswer = (operation: DocumentedOperation, answer: Answer) => string | null;

export function createAnswerCheck(document: OpenApiDocument): CheckAnswer {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document.json, "berth");
  const compiled = new Map<string, ValidateFunction>();

  const validatorOf = ({ path, method, responses }: DocumentedOperation, status: string): ValidateFunction => {
    const response = responses[status]?.$ref?.slice(2).split("/") ?? [
      "paths",
      path,
      method.toLowerCase(),
      "responses",
      status,
    ];
    const steps = [...response, "content", "application/json", "schema"];
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `berth#/${pointer}` });
    compiled.set(pointer, known);
    return known;
  };

  return (operation, { status, contentType, body }) => {
    const mayBeAway = status === 503 && ASKS_OTHERS.has(operation.path);
    if (status >= 500 && !mayBeAway) return `answered ${status}: ${body.slice(0, 500)}`;
    const documented = [String(status), "default"].find((name) => name in operation.responses);
    if (documented === undefined) return `answered ${status}, which is not documented: ${body.slice(0, 300)}`;
    if (!contentType.startsWith("application/json")) return `answered ${status} as ${contentType}`;
    const validate = validatorOf(operation, documented);
    try {
      if (validate(JSON.parse(body))) return null;
    } catch (error) {
      return `answered ${status} with no JSON (${(error as Error).message}): ${body.slice(0, 300)}`;
    }
    return `answered ${status} with what does not fit: ${ajv.errorsText(validate.errors)}: ${body.slice(0, 300)}`;
  };
}
