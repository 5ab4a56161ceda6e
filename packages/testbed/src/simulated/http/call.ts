import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { z } from "zod";
import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { BodyWriter } from "./body-writer.ts";

/** One request, as its handler sees it. */
export interface Call {
  daemon: Daemon;
  /** What stands for `:name` in the path, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  /** The version that the client asked for, or the engine's own. */
  api_version: string;
  /** Aborted when the client has gone. Only what streams looks at it: an engine finishes what it has begun. */
  client: AbortSignal;
  body: () => Promise<Buffer>;
  /** Sends a status and headers, then lets the handler write the body. */
  stream: (status: number, headers: Record<string, string>) => BodyWriter;
  /** Takes the connection over, as attach and exec do. */
  hijack: (headers: Record<string, string>) => Hijacked;
}

export interface Hijacked {
  /** Bytes of the client, until it closes its side; it may go on reading. */
  input: Readable;
  /** Settles when the client has gone altogether. */
  closed: Promise<void>;
  write: (data: Uint8Array) => void;
  /** Resolves when the client has taken most of what was written, or has gone. */
  drained: () => Promise<void>;
  end: () => void;
}

/** A whole answer; nothing where the handler has streamed one. */
export type Reply = { status: number; json?: unknown; text?: string; headers?: Record<string, string> } | undefined;

export type Handler = (call: Call) => Reply | Promise<Reply>;

/** A JSON body by its schema. An empty one, or `null` as old clients send it, is `{}`. */
export async function readJson<T extends z.ZodType>(call: Call, schema: T): Promise<z.infer<T>> {
  const text = (await call.body()).toString().trim();
  const isModern = call.daemon.generation.isModern;
  let value: unknown;
  try {
    value = text === "" ? {} : (JSON.parse(text) ?? {});
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw isModern ? new DockerError(400, `invalid JSON: ${why}`) : new DockerError(500, why);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw new DockerError(
    400,
    `invalid JSON: json: cannot unmarshal into Go struct field ${where}: ${issue?.message ?? ""}`,
  );
}

/** Docker's idea of a boolean in a query: absent, empty, 0, no, false and none are false. */
export function isSet(query: URLSearchParams, name: string): boolean {
  return !["", "0", "no", "false", "none"].includes((query.get(name) ?? "").trim().toLowerCase());
}

/** `filters` as `{"label": ["a=b"]}`, or as old clients write it: `{"label": {"a=b": true}}`. */
export function readFilters(call: Call, known: readonly string[]): Map<string, string[]> {
  const text = call.query.get("filters") ?? "";
  if (text === "") return new Map();
  const { isModern } = call.daemon.generation;
  const Filters = z.record(z.string(), z.union([z.array(z.string()), z.record(z.string(), z.boolean())]));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw isModern ? new DockerError(400, "invalid filter") : new DockerError(500, why);
  }
  const parsed = Filters.safeParse(value);
  if (!parsed.success) throw new DockerError(isModern ? 400 : 500, "invalid filter");
  const unknown = Object.keys(parsed.data).find((name) => !known.includes(name));
  if (unknown) throw new DockerError(400, `${isModern ? "invalid" : "Invalid"} filter '${unknown}'`);
  return new Map(
    Object.entries(parsed.data).map(([name, values]) => [name, Array.isArray(values) ? values : Object.keys(values)]),
  );
}

/** Every one of the filter's labels is there: as `name` or as `name=value`. */
export function matchesLabels(
  wanted: string[] | undefined,
  labels: Record<string, string> | null | undefined,
): boolean {
  return (wanted ?? []).every((label) => {
    const at = label.indexOf("=");
    const value = labels?.[at < 0 ? label : label.slice(0, at)];
    return value !== undefined && (at < 0 || value === label.slice(at + 1));
  });
}
