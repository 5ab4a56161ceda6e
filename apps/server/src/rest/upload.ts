import type { Route } from "@berth/api/route.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyError, FastifyRequest } from "fastify";
import { type Text, coerceFields } from "./coerce.ts";
import { wrongType } from "./parse-bodies.ts";
import type { JsonSchema } from "./json-schema.ts";

type Upload = NonNullable<Route["upload"]>;

/** Boundaries, part headers and the text fields, beside the file. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

/**
 * Fields that clients of the first hour send as HTTP headers, by the path that takes them. A header wins over a text
 * field of the form.
 */
export const HEADER_FIELDS: Record<string, readonly string[]> = {
  "/api/user/set_photo/custom": ["user_id", "account"],
};

/** The fields of a multipart form: the file's bytes under its name, and each text field that `schema` knows. */
export async function readUpload(
  schema: JsonSchema,
  upload: Upload,
  request: FastifyRequest,
): Promise<Record<string, unknown>> {
  const { field, maxBytes } = upload;
  if (!request.isMultipart()) {
    throw wrongType(field);
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBytes + FORM_OVERHEAD_BYTES) throw tooLarge(maxBytes);
  const { file, texts } = await readParts(request, upload);
  return { ...coerceFields(schema, { ...texts, ...headerFields(request) }), [field]: file };
}

function headerFields({ headers, routeOptions }: FastifyRequest): Record<string, Text> {
  const path = (routeOptions.url ?? "").replace(/:(\w+)/g, "{$1}");
  return Object.fromEntries(
    (HEADER_FIELDS[path] ?? []).flatMap((name) => {
      const value = headers[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}

async function readParts(
  request: FastifyRequest,
  { field, maxBytes }: Upload,
): Promise<{ file: Buffer; texts: Record<string, string> }> {
  const files: Buffer[] = [];
  const texts: Record<string, string> = {};
  let isStray = false;
  const limits = {
    fileSize: maxBytes,
    files: 2,
    fields: 20,
    parts: 21,
    fieldNameSize: 100,
    fieldSize: 4_096,
    headerPairs: 20,
  };
  // A part is the file by its name: not every client gives it a file name or a type.
  const isPartAFile = (name: string | undefined, _type: string | undefined, fileName: string | undefined) =>
    name === field || fileName !== undefined;
  try {
    for await (const part of request.parts({ limits, isPartAFile })) {
      if (part.type === "field") texts[part.fieldname] = String(part.value);
      else if (part.fieldname === field) files.push(await part.toBuffer());
      else isStray = await skip(part);
    }
  } catch (error) {
    throw refusalOf(error as FastifyError, maxBytes);
  }
  const [file, ...others] = files;
  if (file && others.length === 0 && !isStray) return { file, texts };
  const message = file ? `Only one file is taken, in the part named ${field}.` : `The part named ${field} is missing.`;
  throw new DomainError("BAD_REQUEST", message, { fields: [{ field, message }] });
}

/** The parser goes on only when a part was read to its end. */
async function skip({ file }: MultipartFile): Promise<true> {
  for await (const _chunk of file);
  return true;
}

/** The parser's errors have codes only where they are limits; any other says that this is no form. */
function refusalOf(error: FastifyError, maxBytes: number): DomainError {
  switch (error.code) {
    case "FST_REQ_FILE_TOO_LARGE":
      return tooLarge(maxBytes);
    case "FST_PARTS_LIMIT":
    case "FST_FILES_LIMIT":
    case "FST_FIELDS_LIMIT":
      return new DomainError("PAYLOAD_TOO_LARGE", "The form has too many parts.");
    default:
      return new DomainError("BAD_REQUEST", "The body is not well-formed multipart/form-data.");
  }
}

const tooLarge = (maxBytes: number): DomainError =>
  new DomainError("PAYLOAD_TOO_LARGE", `The file is larger than ${maxBytes / 1024 / 1024} MiB.`, {
    max_bytes: maxBytes,
  });
