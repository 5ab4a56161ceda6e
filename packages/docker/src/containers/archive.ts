import { type ArchiveOptions, type CallOptions, EngineError } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import type { Apart } from "../transport/dockerode.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { notDocker } from "../transport/failures.ts";
import { checkedContainerId } from "../wire/names.ts";
import { Nothing } from "./state.ts";

const ARCHIVE_MS = 30_000;
const MAX_BYTES = 4 * 1024 * 1024;

export async function getArchive(
  link: EngineLink,
  id: string,
  path: string,
  { deadlineMs = ARCHIVE_MS, signal, maxBytes = MAX_BYTES }: ArchiveOptions = {},
): Promise<Uint8Array> {
  const container = checkedContainerId(id);
  const parameters: Apart<{ path: string }> = { path, _query: { path: checkedPath(path) }, _body: {} };
  const { response, scope } = await link.open(
    (docker) => docker.getContainer(container).getArchive(parameters),
    signal,
    deadlineMs,
  );
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of bodyChunks(response, scope)) {
      length += chunk.length;
      if (length > maxBytes) throw notDocker(`${path} has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  } finally {
    response.destroy();
    scope.end();
  }
}

export async function putArchive(
  link: EngineLink,
  id: string,
  folder: string,
  tar: Uint8Array,
  options: CallOptions | undefined,
): Promise<void> {
  const container = checkedContainerId(id);
  const parameters: Apart<{ path: string }> = { path: folder, _query: { path: checkedPath(folder) }, _body: {} };
  const body = Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength);
  await link.call(
    (docker) => docker.getContainer(container).putArchive(body, parameters),
    Nothing,
    options,
    ARCHIVE_MS,
  );
}

function checkedPath(path: string): string {
  if (path.startsWith("/") && !path.includes("\0")) return path;
  throw new EngineError("rejected", "A path in a container begins with a slash.", { sent: false });
}
