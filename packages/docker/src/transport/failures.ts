import { STATUS_CODES } from "node:http";
import { EngineError, type EngineErrorKind } from "../engine.ts";

/** Messages of an engine are shown to people: one that is longer says nothing more. */
const MAX_MESSAGE_LENGTH = 2_000;

/** An answer that cannot be Docker's. */
export function notDocker(what: string, details: { status?: number | null; cause?: unknown } = {}): EngineError {
  return new EngineError("protocol", `What answered is not a Docker engine, or its answer was cut: ${what}.`, details);
}

/** The error of an answer that refuses: `body` is what came with `status`. */
export function refusal(status: number, body: string): EngineError {
  if (status < 400) return notDocker(`HTTP ${status}, a redirect, which is not followed`, { status });
  const message = dockerMessage(body);
  if (message === null || message === "page not found") {
    if (body.includes("HTTP request to an HTTPS server")) {
      return new EngineError(
        "rejected",
        "The Docker engine wants TLS: use an https:// or tcp:// URL with certificates.",
        {
          status,
        },
      );
    }
    return notDocker(`HTTP ${status} (${STATUS_CODES[status] ?? "unknown"}) without Docker's error message`, {
      status,
    });
  }
  return new EngineError(kindOf(status, message), message, { status });
}

function kindOf(status: number, message: string): EngineErrorKind {
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  if (status === 400 && isVersionRefusal(message)) return "unsupported";
  if (status === 501 || status < 500) return "rejected";
  return "failed";
}

/** "client version 1.51 is too new. Maximum supported API version is 1.41", and its counterpart. */
export function isVersionRefusal(message: string): boolean {
  return /client version \S+ is too (new|old)/.test(message);
}

function dockerMessage(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed === null || typeof parsed !== "object" || !("message" in parsed)) return null;
    return typeof parsed.message === "string" ? shortened(parsed.message) : null;
  } catch {
    return null; // not JSON, so not Docker's
  }
}

export function shortened(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message.trim();
}

/** Waits for a later step of a call, of which an earlier step has reached the engine: whatever fails says so. */
export async function laterStep<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (!(error instanceof EngineError) || error.sent) throw error;
    const { kind, message, status, timedOut } = error;
    throw new EngineError(kind, message, { status, timedOut, sent: true, cause: error });
  }
}

/** What the wire did, in words. `label` is the engine's, `secured` false while a TLS handshake was under way. */
export function connectionFailure(
  cause: unknown,
  label: string,
  state: { sent: boolean; handshaking: boolean },
): EngineError {
  if (cause instanceof EngineError) return cause;
  const { code, fromSystem } = describeCause(cause);
  const { sent } = state;
  if (code.startsWith("HPE_")) return notDocker("it does not speak HTTP", { cause });
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") {
    return new EngineError(
      "rejected",
      `The Docker engine ${label} refused the TLS connection: check its certificates.`,
      {
        sent: false, // a handshake that fails, even late as TLS 1.3 allows, comes before any request is read
        cause,
      },
    );
  }
  if (state.handshaking && !fromSystem && code !== "ECONNRESET") {
    return new EngineError("rejected", `The certificate of the Docker engine ${label} is not accepted (${code}).`, {
      sent: false,
      cause,
    });
  }
  if (sent) {
    return new EngineError("unreachable", `The connection to the Docker engine ${label} was lost.`, { sent, cause });
  }
  return new EngineError("unreachable", `The Docker engine ${label} cannot be reached: ${reason(code)}.`, {
    sent,
    cause,
  });
}

function describeCause(cause: unknown): { code: string; fromSystem: boolean } {
  if (!(cause instanceof Error)) return { code: "", fromSystem: false };
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return { code, fromSystem: "syscall" in cause };
}

function reason(code: string): string {
  switch (code) {
    case "ENOENT":
      return "it is not running, or its socket is elsewhere";
    case "ECONNREFUSED":
      return "nothing listens there";
    case "EACCES":
    case "EPERM":
      return "this process may not use its socket";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its host name is not known";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    case "ECONNRESET":
      return "it closed the connection at once";
    case "EMFILE":
    case "ENFILE":
      return "this process has too many open files";
    default:
      return code === "" ? "the connection failed" : code;
  }
}
