import type { Image } from "@berth/spec/image.ts";
import { session } from "../../../lib/session.ts";
import { signedIn } from "../../../lib/signed-in.ts";
import { UnreachableError } from "../../../lib/unreachable-error.ts";

/** The text fields of `POST /api/images/build`; objects are JSON. */
export type BuildFields = Record<string, string>;

export interface BuildOptions {
  context: { content: Blob; name: string } | null;
  signal: AbortSignal;
  /** Bytes of the whole request that have left the browser, and of how many. */
  onProgress: (done: number, total: number) => void;
}

/** The server's refusal, with the line of the Dockerfile where it names one. */
export class BuildRefusal extends Error {
  readonly line: number | null;

  constructor(message: string, line: number | null) {
    super(message);
    this.line = line;
  }
}

/** Sends it as who is signed in. Throws {@link BuildRefusal}, {@link UnreachableError}, or an AbortError after `signal`. */
export async function sendBuild(fields: BuildFields, options: BuildOptions): Promise<Image> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (options.context) form.append("context", options.context.content, options.context.name);
  const { status, body } = await post(form, await session.token(), options);
  if (status === 201) return body as Image;
  if (status === 401) signedIn.set("ended");
  const { error } = (body ?? {}) as { error?: { message: string; details: { line?: unknown } | null } };
  if (!error) throw new UnreachableError();
  const line = error.details?.line;
  throw new BuildRefusal(error.message, typeof line === "number" ? line : null);
}

/** By XMLHttpRequest, for `fetch` does not tell how much of a body was sent. */
function post(
  form: FormData,
  token: string | null,
  { signal, onProgress }: BuildOptions,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", "/api/images/build");
    request.setRequestHeader("authorization", `Bearer ${token ?? ""}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded, total));
    request.addEventListener("load", () => resolve({ status: request.status, body: request.response as unknown }));
    request.addEventListener("error", () => resolve({ status: 0, body: null }));
    request.addEventListener("abort", () => reject(signal.reason as Error));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
