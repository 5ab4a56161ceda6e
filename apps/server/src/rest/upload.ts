import { keepUpload, type KeptUpload } from "@berth/api/kept-upload.ts";
import type { Upload } from "@berth/api/route.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyError, FastifyRequest } from "fastify";
import { type Text, coerceFields } from "./coerce.ts";
import { wrongType } from "./parse-bodies.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Boundaries, part headers and the text fields, beside the file. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

/**
 * Fields that clients of the first hour send as HTTP headers, by the path that takes them. A header wins over a text
 * field of the form.
 */
export const HEADER_FIELDS: Record<string, readonly string[]> = {
  "/api/user/set_photo/custom": ["user_id", "account"],
};

/** The fields of a multipart form: the file under its name, and each text field that `schema` knows. */
export async function readUpload(
  schema: JsonSchema,
  upload: Upload,
  request: FastifyRequest,
): Promise<Record<string, unknown>> {
  const { field, maxBytes, maxTextBytes = 0 } = upload;
  if (!request.isMultipart()) {
    throw wrongType(field);
  }
  const sent = Number(request.headers["content-length"] ?? 0);
  if (sent > maxBytes + maxTextBytes + FORM_OVERHEAD_BYTES) throw tooLarge(maxBytes);
  const { file, texts } = await readParts(request, upload);
  const fields = coerceFields(schema, { ...texts, ...headerFields(request) });
  return file === null ? fields : { ...fields, [field]: file };
}

/** Lets go of what was kept on disk of this input. */
export async function closeUpload(input: unknown, { field, isOnDisk }: Upload): Promise<void> {
  if (isOnDisk && typeof input === "object" && input !== null && field in input) {
    await (input as Record<string, KeptUpload>)[field]?.close();
  }
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

interface Parts {
  file: Buffer | KeptUpload | null;
  texts: Record<string, string>;
}

async function readParts(request: FastifyRequest, upload: Upload): Promise<Parts> {
  const { field, maxBytes, maxTextBytes = 0 } = upload;
  const parts: Parts = { file: null, texts: {} };
  let leftBytes = maxTextBytes + FORM_OVERHEAD_BYTES;
  let isStray = false;
  const limits = {
    fileSize: maxBytes,
    files: 2,
    fields: 20,
    parts: 21,
    fieldNameSize: 100,
    fieldSize: Math.max(4_096, maxTextBytes),
    headerPairs: 20,
  };
  // A part is the file by its name: not every client gives it a file name or a type, and browsers give one to JSON, too.
  const isPartAFile = (name: string | undefined, type: string | undefined, fileName: string | undefined) =>
    name === field || (fileName !== undefined && type !== "application/json");
  try {
    for await (const part of request.parts({ limits, isPartAFile })) {
      if (part.type === "field") {
        const text = textOf(part.value);
        leftBytes -= Buffer.byteLength(text);
        if (part.valueTruncated || leftBytes < 0) throw textTooLarge(part.fieldname);
        parts.texts[part.fieldname] = text;
      } else if (part.fieldname !== field || parts.file) isStray = await skip(part);
      else parts.file = upload.isOnDisk ? await keepUpload(part.file, maxBytes) : await part.toBuffer();
    }
    checkFile(parts, upload, isStray);
  } catch (error) {
    await discard(parts.file);
    throw error instanceof DomainError ? error : refusalOf(error as FastifyError, maxBytes);
  }
  if (!upload.isOptional || !isEmpty(parts.file)) return parts;
  await discard(parts.file);
  return { ...parts, file: null };
}

function checkFile({ file }: Parts, { field, isOptional }: Upload, isStray: boolean): void {
  if (!isStray && (file || isOptional)) return;
  const message =
    file || isOptional ? `Only one file is taken, in the part named ${field}.` : `The part named ${field} is missing.`;
  throw new DomainError("BAD_REQUEST", message, { fields: [{ field, message }] });
}

/** As a browser's form has it where no file was chosen. */
const isEmpty = (file: Parts["file"]): boolean => file !== null && ("close" in file ? file.size : file.length) === 0;

async function discard(file: Parts["file"]): Promise<void> {
  if (file && "close" in file) await file.close();
}

/** The parser reads a part that says of itself that it is JSON. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

/** The parser goes on only when a part was read to its end. */
async function skip({ file }: MultipartFile): Promise<true> {
  for await (const _chunk of file);
  return true;
}

/** The parser's errors have codes only where they are limits; any other says that this is no form. */
function refusalOf(error: FastifyError, maxBytes: number): DomainError {
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new DomainError("UNAVAILABLE", "This server has no room for the file now: tell an admin.");
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

const textTooLarge = (field: string): DomainError =>
  new DomainError("PAYLOAD_TOO_LARGE", `The text in ${field.slice(0, 100)} is too large.`);
