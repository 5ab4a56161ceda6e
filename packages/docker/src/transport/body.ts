import type { IncomingMessage } from "node:http";
import { EngineError } from "../engine.ts";
import type { CallScope } from "./call-scope.ts";
import { connectionFailure, notDocker } from "./failures.ts";

/**
 * Reads a whole body. Throws `protocol` past `maxBytes`, and where the connection ended before the body did; a
 * deadline's or a cancellation's own error where that was the cause.
 */
export async function readBody(response: IncomingMessage, maxBytes: number, scope: CallScope): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bodyChunks(response, scope)) {
    length += chunk.length;
    if (length > maxBytes) throw notDocker(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString("utf8");
}

/** The body as it comes. Leaving the loop early destroys the connection; a slow reader holds the engine back. */
export async function* bodyChunks(response: IncomingMessage, scope: CallScope): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    throw cutShort(cause, scope);
  }
}

function cutShort(cause: unknown, scope: CallScope): EngineError {
  if (scope.interruption) return scope.error(true);
  const { kind, message } = connectionFailure(cause, "", { sent: true, handshaking: false });
  if (kind === "protocol") return new EngineError(kind, message, { cause });
  return new EngineError("unreachable", "The connection to the Docker engine was lost in the middle of its answer.", {
    cause,
  });
}
