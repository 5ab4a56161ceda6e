import { session } from "../../../../lib/session.ts";

export interface UploadRequest {
  containerId: number;
  path: string;
  file: File;
  overwrite: boolean;
}

/** What the server says of an upload that it refused. */
export class UploadError extends Error {
  override readonly name = "UploadError";
  /** Something of that name is there. */
  readonly exists: boolean;

  constructor(message: string, exists = false) {
    super(message);
    this.exists = exists;
  }
}

/** Resolves once the file is there. By XMLHttpRequest: of a request by fetch nobody learns how far it is. */
export async function sendUpload(
  { containerId, path, file, overwrite }: UploadRequest,
  { signal, onSent, lost }: { signal: AbortSignal; onSent: (bytes: number) => void; lost: string },
): Promise<void> {
  const token = await session.token();
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = new XMLHttpRequest();
  sent.open("PUT", `/files/containers/${containerId}?path=${encodeURIComponent(path)}&overwrite=${overwrite}`);
  sent.setRequestHeader("authorization", `Bearer ${token ?? ""}`);
  sent.setRequestHeader("content-type", "application/octet-stream");
  sent.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
  sent.addEventListener("load", () => (sent.status === 201 ? resolve() : reject(refusalOf(sent))));
  sent.addEventListener("error", () => reject(new UploadError(lost)));
  sent.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
  signal.addEventListener("abort", () => sent.abort(), { once: true });
  sent.send(file);
  return promise;
}

function refusalOf({ responseText, statusText }: XMLHttpRequest): UploadError {
  try {
    const { error } = JSON.parse(responseText) as { error: { message: string; details: { exists?: boolean } | null } };
    return new UploadError(error.message, error.details?.exists === true);
  } catch {
    return new UploadError(statusText);
  }
}
