import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { shortened } from "../transport/failures.ts";
import { RegistryError, type RegistryErrorKind } from "./registry.ts";

/** As distribution says what is wrong. `code` is "MANIFEST_UNKNOWN", "DENIED", … */
const Refusal = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().default("") })).min(1),
});

/** An answer that can't be a registry's, or that was cut. */
export function notRegistry(what: string, details: { status?: number | null; cause?: unknown } = {}): RegistryError {
  return new RegistryError("protocol", `What answered is not a registry, or its answer was cut: ${what}.`, details);
}

/** The error of an answer that is not 2xx; `body` is empty after HEAD. */
export function refusal(status: number, body: string): RegistryError {
  if (status < 400) return notRegistry(`HTTP ${status}, a redirect, which is not followed`, { status });
  const { code, message } = readRefusal(body);
  if (body.includes("HTTP request to an HTTPS server")) {
    return new RegistryError("rejected", "The registry wants TLS: use an https:// URL.", { status });
  }
  const said = message || STATUS_CODES[status] || "no reason";
  return new RegistryError(kindOf(status, code), `The registry answered ${status}: ${said}.`, { status });
}

function kindOf(status: number, code: string): RegistryErrorKind {
  if (status === 401 || status === 403) return "rejected";
  // A manifest may be put before its blobs are there, or after garbage collection took them.
  if (status === 404 || code === "MANIFEST_BLOB_UNKNOWN") return "not_found";
  if (status === 405) return "read_only";
  if (status === 429 || status >= 500) return "failed";
  return "protocol";
}

function readRefusal(body: string): { code: string; message: string } {
  try {
    const [first] = Refusal.parse(JSON.parse(body)).errors;
    return { code: first?.code ?? "", message: shortened(first?.message || first?.code || "") };
  } catch {
    return { code: "", message: "" }; // a proxy's page says nothing to a person
  }
}

/** What the wire did, in words. `label` is the registry's address. */
export function connectionFailure(cause: unknown, label: string): RegistryError {
  if (cause instanceof RegistryError) return cause;
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const fromSystem = cause instanceof Error && "syscall" in cause;
  if (code.startsWith("HPE_")) return notRegistry("it does not speak HTTP", { cause });
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") {
    return new RegistryError("rejected", `The registry at ${label} refused the TLS connection.`, { cause });
  }
  if (!fromSystem && /CERT|SIGNATURE|ALTNAME/.test(code)) {
    return new RegistryError("rejected", `The certificate of the registry at ${label} is not accepted (${code}).`, {
      cause,
    });
  }
  const reason = REASONS[code] ?? (code === "" ? "the connection was lost" : code);
  return new RegistryError("unreachable", `The registry at ${label} can't be reached: ${reason}.`, { cause });
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name is not known",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ECONNRESET: "the connection was lost",
  EPIPE: "the connection was lost",
  EMFILE: "this process has too many open files",
  ENFILE: "this process has too many open files",
};

/** What there is, or null where the registry has none. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RegistryError && error.kind === "not_found") return null;
    throw error;
  }
}
