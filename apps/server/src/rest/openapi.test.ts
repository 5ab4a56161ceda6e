import { appRouter } from "@berth/api/router.ts";
import { expect, test } from "vitest";
import { ErrorBody } from "../errors.ts";
import { type OpenApiDocument, openApiDocument, type Operation } from "./openapi.ts";
import { restProcedures } from "./procedures.ts";

const PROCEDURES = restProcedures(appRouter);
const DOCUMENT = openApiDocument(PROCEDURES);

const operationsOf = ({ paths }: OpenApiDocument): [path: string, method: string, operation: Operation][] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [path, method, operation] as [string, string, Operation]),
  );

/** Every `$ref` in it, by however deep it is. */
function refsOf(at: unknown): string[] {
  if (typeof at !== "object" || at === null) return [];
  const own = "$ref" in at && typeof at.$ref === "string" ? [at.$ref] : [];
  return [...own, ...Object.values(at).flatMap(refsOf)];
}

test("every reference leads somewhere, and every component is referred to", () => {
  const refs = new Set(refsOf(DOCUMENT));
  for (const ref of refs) {
    const target = ref
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], DOCUMENT);
    expect(target, ref).toBeDefined();
  }
  for (const name of Object.keys(DOCUMENT.components.schemas)) expect(refs).toContain(`#/components/schemas/${name}`);
  expect(Object.keys(DOCUMENT.components.schemas)).toEqual(
    expect.arrayContaining(["Error", "User", "Machine", "MachineInfo", "Container", "Image"]),
  );
});

test.each(operationsOf(DOCUMENT))("%s %s declares all that it takes and answers", (path, method, operation) => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const declared = operation.parameters.filter((parameter) => parameter.in === "path");
  expect(declared.map(({ name }) => name)).toEqual(inPath);
  expect(declared.every(({ required }) => required)).toBe(true);
  const names = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
  expect(new Set(names).size).toBe(names.length);
  if (method === "get" || method === "delete") expect(operation.requestBody).toBeUndefined();
  for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
    for (const name of inPath) expect(Object.keys(schema.properties ?? {})).not.toContain(name);
  }
  const statuses = Object.keys(operation.responses);
  expect(statuses.filter((status) => status.startsWith("2"))).toHaveLength(1);
  expect(statuses).toEqual(expect.arrayContaining(["400", "401", "404", "429", "500", "503"]));
});

test("each operation is named once, by its procedure", () => {
  const ids = operationsOf(DOCUMENT).map(([, , { operationId }]) => operationId);
  expect(ids.toSorted()).toEqual(PROCEDURES.map(({ name }) => name).toSorted());
});

test("every refusal has the one form", () => {
  for (const response of Object.values(DOCUMENT.components.responses)) {
    expect(refsOf(response)).toEqual(["#/components/schemas/Error"]);
  }
  const codes = ErrorBody.shape.error.shape.code.options;
  expect(DOCUMENT.components.schemas["Error"]).toMatchObject({
    properties: { error: { properties: { code: { enum: codes } }, required: ["code", "message", "details"] } },
  });
});

test("only who may sign in needs no token", () => {
  const open = operationsOf(DOCUMENT).filter(([, , { security }]) => (security as object[]).length === 0);
  expect(open.map(([path]) => path).toSorted()).toEqual([
    "/api/auth/login",
    "/api/auth/logout",
    "/api/auth/refresh",
    "/api/auth/register",
  ]);
});

test("a photo is a form with a file, and the headers that its clients send", () => {
  const operation = DOCUMENT.paths["/api/user/set_photo/custom"]?.["post"];
  expect(operation?.requestBody).toMatchObject({
    required: true,
    content: {
      "multipart/form-data": { schema: { properties: { photo: { format: "binary" } }, required: ["photo"] } },
    },
  });
  expect(operation?.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).toEqual([
    "header user_id",
    "header account",
  ]);
});

test("what may be repeated by a key says so, and what holds a token or a code does not", () => {
  const takesKey = (path: string) =>
    DOCUMENT.paths[path]?.["post"]?.parameters.some(({ name }) => name === "Idempotency-Key");
  expect(takesKey("/api/containers")).toBe(true);
  expect(takesKey("/api/user/api_tokens")).toBe(false);
  expect(takesKey("/api/containers/{container_id}/open")).toBe(false);
  expect(takesKey("/api/user/set_photo/custom")).toBe(false);
});
