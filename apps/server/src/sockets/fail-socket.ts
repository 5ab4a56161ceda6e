import { isDatabaseAway } from "@berth/api/database-away.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { CLOSE_CODE, type SocketNotice } from "@berth/spec/terminal.ts";
import type { FastifyBaseLogger } from "fastify";
import { WebSocket } from "ws";
import { ZodError } from "zod";

/** How long the other side may take to agree to a close before the connection is cut. */
const CLOSE_MS = 1_000;

type Told = Extract<SocketNotice, { type: "error" }>["error"];

/** Tells the error, as HTTP would, and ends the socket with the close code that says the same. What is ours is logged. */
export function failSocket(socket: WebSocket, error: unknown, log: FastifyBaseLogger): void {
  const told = toldOf(error);
  if (told.code === "INTERNAL_SERVER_ERROR") log.error({ err: error }, "a socket failed");
  else if (told.code === "UNAVAILABLE") log.warn({ err: error }, "a socket could not be served");
  else log.debug({ code: told.code }, "a socket was refused");
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ type: "error", error: told } satisfies SocketNotice));
  }
  endSocket(socket, CLOSE_CODE[told.code], told.message);
}

/** Ends it for both sides: nothing that still arrives is acted on, and a peer that does not answer is cut off. */
export function endSocket(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  socket.removeAllListeners("message");
  // A paused socket would not hear the answer.
  socket.resume();
  socket.close(code, cutTo(reason, 120));
  const cut = setTimeout(() => socket.terminate(), CLOSE_MS);
  socket.once("close", () => clearTimeout(cut));
}

function toldOf(error: unknown): Told {
  if (error instanceof DomainError) return { code: error.code, message: error.message, details: error.details };
  if (error instanceof ZodError) {
    const fields = error.issues.map(({ path, message }) => ({ field: path.join("."), message }));
    const message = fields.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join(" ");
    return { code: "BAD_REQUEST", message, details: { fields } };
  }
  if (isDatabaseAway(error)) {
    return { code: "UNAVAILABLE", message: "The database does not answer: try again in a moment.", details: null };
  }
  return { code: "INTERNAL_SERVER_ERROR", message: "internal error", details: null };
}

/** A close frame holds 123 bytes of reason. */
function cutTo(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut;
}
