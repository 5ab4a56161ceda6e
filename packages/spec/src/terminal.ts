/**
 * The wire of `/ws/containers/{container_id}/terminal`, `/ws/containers/{container_id}/logs` and `/ws/images/{image_id}/log`.
 *
 * Every client sends {@link SocketToken} as its first message. After that
 * binary messages are the bytes of the terminal or the log, in both directions, and text messages are JSON: from the
 * client {@link TerminalControl}, from the server {@link SocketNotice}. A message is 1 MiB at most. The server ends a
 * socket with one of {@link CLOSE_CODE}, after a notice of the error; with 1000 where a command or a log has ended, and
 * where another socket of the same terminal took over.
 */
import { z } from "zod";
import { ErrorCode } from "./error-code.ts";

const Columns = z.int().min(1).max(1_000);
const Rows = z.int().min(1).max(1_000);

/** The `{container_id}` of both addresses. */
export const ContainerPath = z.object({ container_id: z.coerce.number().pipe(z.int32().positive()) });

/** In the query string of the terminal's address. Strings, as a query has them, are read as numbers. */
export const TerminalQuery = z.object({
  /** Of a terminal to come back to, as `opened` told it. Another server's answers GONE: then open a new one. */
  terminal_id: z.uuid().optional(),
  cols: z.coerce.number().pipe(Columns).default(80),
  rows: z.coerce.number().pipe(Rows).default(24),
});
export type TerminalQuery = z.infer<typeof TerminalQuery>;

/** The `{image_id}` of the address of an image's log. */
export const ImagePath = z.object({ image_id: z.coerce.number().pipe(z.int32().positive()) });

/** In the query string of the address of an image's log. */
export const ImageLogQuery = z.object({
  /** As the last `logged` told it: goes on from there. */
  from_seq: z.coerce.number().pipe(z.int32().min(1)).default(1),
});

/** In the query string of the log's address. */
export const LogsQuery = z.object({
  /** Lines from the end. */
  tail: z.coerce.number().pipe(z.int().min(0).max(1_000_000)).default(1_000),
  /** Only what was printed since then. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Before each line, as the engine has it. */
  timestamps: z.stringbool().default(false),
  /** False ends after what is there. */
  follow: z.stringbool().default(true),
});
export type LogsQuery = z.infer<typeof LogsQuery>;

export const SocketToken = z.object({ access_token: z.string().min(1).max(4_096) });

export const TerminalControl = z.object({ type: z.literal("resize"), cols: Columns, rows: Rows });

export const SocketNotice = z.discriminatedUnion("type", [
  /** With `replay`, what was printed before, up to 256 KiB, follows as the first binary message. Without, nothing was. */
  z.object({ type: z.literal("opened"), terminal_id: z.uuid(), replay: z.boolean() }),
  /** The command ended. Null where its exit code can't be known. */
  z.object({ type: z.literal("exited"), exit_code: z.int().nullable() }),
  /** Of an image's log: what came until here is before `next_seq`. */
  z.object({ type: z.literal("logged"), next_seq: z.int() }),
  z.object({
    type: z.literal("error"),
    error: z.object({
      code: z.union([ErrorCode, z.literal("INTERNAL_SERVER_ERROR")]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).nullable(),
    }),
  }),
]);
export type SocketNotice = z.infer<typeof SocketNotice>;

/** 4000 and the HTTP status that says the same; 1000 is a good end. */
export const CLOSE_CODE = {
  BAD_REQUEST: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  NOT_FOUND: 4404,
  CONFLICT: 4409,
  GONE: 4410,
  PAYLOAD_TOO_LARGE: 4413,
  UNSUPPORTED_MEDIA_TYPE: 4415,
  UNPROCESSABLE: 4422,
  TOO_MANY_REQUESTS: 4429,
  UNAVAILABLE: 4503,
  INTERNAL_SERVER_ERROR: 4500,
} as const satisfies Record<ErrorCode | "INTERNAL_SERVER_ERROR", number>;
