import { session } from "./session.ts";
import { endSession } from "./signed-in.ts";
import { UnreachableError } from "./unreachable-error.ts";

/** The server's own refusal. */
export class UploadRefusal extends Error {
  override readonly name = "UploadRefusal";
  /** For programs: see `detailsOf`. */
  readonly details: unknown;

  constructor(message: string, details: unknown) {
    super(message);
    this.details = details;
  }
}

interface Upload {
  method: "POST" | "PUT";
  path: string;
  body: Blob | FormData;
}

interface UploadOptions {
  signal?: AbortSignal;
  /** Bytes of the whole request that have left the browser, and of how many. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Sends files beside tRPC, as who is signed in, and returns what the server answers. Throws {@link UploadRefusal},
 * {@link UnreachableError}, or the reason of `signal`. Who is signed in no more is asked to sign in again.
 */
export async function sendUpload(upload: Upload, { signal, onProgress }: UploadOptions = {}): Promise<unknown> {
  const token = await session.token().catch((cause: unknown) => {
    throw new UnreachableError(cause);
  });
  signal?.throwIfAborted();
  const { status, response } = await send(upload, token, { signal, onProgress });
  if (status >= 200 && status < 300) return response;
  if (status === 401) endSession();
  const { error } = (response ?? {}) as { error?: { message: string; details: unknown } };
  throw error ? new UploadRefusal(error.message, error.details) : new UnreachableError();
}

/** By XMLHttpRequest: of a request by `fetch` nobody learns how much was sent. */
function send(
  { method, path, body }: Upload,
  token: string | null,
  { signal, onProgress }: { [Name in keyof UploadOptions]-?: UploadOptions[Name] | undefined },
): Promise<XMLHttpRequest> {
  const { promise, resolve, reject } = Promise.withResolvers<XMLHttpRequest>();
  const request = new XMLHttpRequest();
  request.open(method, path);
  request.responseType = "json";
  request.setRequestHeader("authorization", `Bearer ${token ?? ""}`);
  if (body instanceof Blob) request.setRequestHeader("content-type", "application/octet-stream");
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress?.(loaded, total));
  request.addEventListener("load", () => resolve(request));
  request.addEventListener("error", () => reject(new UnreachableError()));
  request.addEventListener("abort", () => reject(signal?.reason as Error));
  signal?.addEventListener("abort", () => request.abort(), { once: true });
  request.send(body);
  return promise;
}
