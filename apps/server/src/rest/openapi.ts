import { STATUS_OF } from "../errors.ts";
import { type Components, componentsFor } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { RestProcedure } from "./procedures.ts";
import { HEADER_FIELDS } from "./upload.ts";

type Json = Record<string, unknown>;

export interface OpenApiDocument extends Json {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; responses: Record<string, Json>; securitySchemes: Json };
}

export interface Operation extends Json {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, Json>;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

const DESCRIPTION = `Everything that the console does, for programs. Sign in with \`POST /api/auth/login\`, or make an API
token, and send it as \`Authorization: Bearer …\`. A password is never sent as it is: the console sends its SHA-256 in
lower-case hex. Every failure has one form, \`{"error":{"code","message","details"}}\`. Sizes of GPU memory, memory and
disk are whole MiB, times are ISO 8601 in UTC, and a field that is not known is null, never absent.`;

const REFUSALS: Partial<Record<keyof typeof STATUS_OF, string>> = {
  BAD_REQUEST: "Malformed, or not valid: `details.fields` names each field.",
  UNAUTHORIZED: "No token, or one that is no longer good; at a sign-in, a wrong password.",
  FORBIDDEN: "Not the caller's to do.",
  NOT_FOUND: "There is no such thing, or none that the caller may see.",
  CONFLICT: "Not possible as things are: what is in the way is named.",
  PAYLOAD_TOO_LARGE: "Too large.",
  UNSUPPORTED_MEDIA_TYPE: "Not the type of body that this path takes.",
  UNPROCESSABLE: "Understood, and not possible.",
  TOO_MANY_REQUESTS: "Too often: try again after `Retry-After` seconds.",
  INTERNAL_SERVER_ERROR: "A fault of Berth's: `details.request_id` finds it in the log.",
  UNAVAILABLE: "The database, or the machine that was asked, does not answer: try again in a moment.",
};
const OF_BODIES = ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];

/** OpenAPI 3.1, made of what the procedures say of themselves. */
export function openApiDocument(procedures: readonly RestProcedure[]): OpenApiDocument {
  const components = componentsFor(procedures.map(({ output }) => output));
  const paths: OpenApiDocument["paths"] = {};
  for (const procedure of procedures) {
    const { path, method } = procedure.route;
    (paths[path] ??= {})[method.toLowerCase()] = operationOf(procedure, components);
  }
  return {
    openapi: "3.1.1",
    info: { title: "Berth", version: "1.0.0", description: DESCRIPTION },
    servers: [{ url: "/" }],
    tags: [...new Set(procedures.map(nounOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.schemas,
      responses: refusals(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An access token, or an API token." },
      },
    },
  };
}

const nounOf = ({ name }: RestProcedure): string => name.split(".")[0] ?? name;

function operationOf(procedure: RestProcedure, { schemaOf }: Components): Operation {
  const { name, route, access, output } = procedure;
  const { method, status = 200, summary, upload } = route;
  const hasBody = method === "POST" || method === "PATCH";
  const body = hasBody ? bodyOf(procedure) : null;
  const refused = Object.keys(REFUSALS).filter((code) => hasBody || !OF_BODIES.includes(code));
  return {
    operationId: name,
    tags: [nounOf(procedure)],
    summary,
    ...(WHO[access] && { description: WHO[access] }),
    security: access === "anyone" ? [] : [{ bearer: [] }],
    parameters: parametersOf(procedure),
    ...(body && {
      requestBody: { required: isRequired(body), content: { [upload ? FORM : JSON_BODY]: { schema: body } } },
    }),
    responses: {
      [status]: { description: summary, content: { [JSON_BODY]: { schema: schemaOf(output) } } },
      ...Object.fromEntries(
        refused.map((code) => [STATUS_OF[code as keyof typeof STATUS_OF], { $ref: `#/components/responses/${code}` }]),
      ),
    },
  };
}

const JSON_BODY = "application/json";
const FORM = "multipart/form-data";

const WHO: Record<RestProcedure["access"], string | null> = {
  anyone: null,
  user: null,
  "signed in": "With an access token only: an API token is refused.",
  admin: "For admins.",
};

const pathFieldsOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field ?? "");

/** The fields that no path names. */
function bodyOf({ input, route }: RestProcedure): JsonSchema | null {
  if (input === null) return null;
  const inPath = pathFieldsOf(route.path);
  const { properties, required, ...rest } = input;
  if (!properties) return input;
  const own = Object.entries(properties).filter(([field]) => !inPath.includes(field));
  if (own.length === 0) return null;
  const needed = (required ?? []).filter((field) => !inPath.includes(field));
  return {
    ...rest,
    properties: Object.fromEntries(
      own.map(([field, schema]) => [field, field === route.upload?.field ? FILE : schema]),
    ),
    ...(needed.length > 0 && { required: needed }),
  };
}

/** Both ways to say it: pages to try an API go by the older one. */
const FILE: JsonSchema = { type: "string", format: "binary", contentMediaType: "application/octet-stream" };

const isRequired = ({ required, anyOf }: JsonSchema): boolean => required !== undefined || anyOf !== undefined;

function parametersOf({ input, route, type }: RestProcedure): Parameter[] {
  const { properties = {}, required = [] } = input ?? {};
  const inPath = pathFieldsOf(route.path);
  const schemaOf = (field: string): JsonSchema => properties[field] ?? { type: "string" };
  const parameters: Parameter[] = inPath.map((name) => ({ name, in: "path", required: true, schema: schemaOf(name) }));
  if (route.method === "GET" || route.method === "DELETE") {
    for (const name of Object.keys(properties).filter((field) => !inPath.includes(field))) {
      parameters.push({ name, in: "query", required: required.includes(name), schema: schemaOf(name) });
    }
  }
  for (const name of HEADER_FIELDS[route.path] ?? []) {
    parameters.push({ name, in: "header", required: false, schema: schemaOf(name) });
  }
  if (route.method === "POST" && type === "mutation" && !route.isSecret && !route.upload)
    parameters.push(IDEMPOTENCY_KEY);
  return parameters;
}

const IDEMPOTENCY_KEY: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A repeat of the same request with the same key acts once, and answers as the first time, with the header " +
    "`Idempotency-Replayed: true`. 409 while the first is under way, 422 where the key was used for another request.",
  schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
};

function refusals(): Record<string, Json> {
  const content = { [JSON_BODY]: { schema: { $ref: "#/components/schemas/Error" } } };
  const retryAfter = { headers: { "Retry-After": { schema: { type: "integer" } } } };
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([code, description]) => [
      code,
      { description, ...(code === "TOO_MANY_REQUESTS" && retryAfter), content },
    ]),
  );
}
