import type { Socket } from "node:net";
import type { ErrorCode } from "@berth/spec/error-code.ts";

const ANSWERS: Record<string, [status: string, code: ErrorCode, message: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "BAD_REQUEST", "The request took too long to arrive."],
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "PAYLOAD_TOO_LARGE",
    "The address and the headers are too long.",
  ],
};
const MALFORMED: (typeof ANSWERS)[string] = ["400 Bad Request", "BAD_REQUEST", "This is not HTTP."];

/** Answers what is no request yet, in the shape of every error, and ends its connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, code, message] = ANSWERS[error.code ?? ""] ?? MALFORMED;
  const body = JSON.stringify({ error: { code, message, details: null } });
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `x-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}
