import type { IncomingMessage, ServerResponse } from "node:http";
import { type Duplex, PassThrough, type Writable } from "node:stream";
import type { Hijacked } from "./call.ts";

/** Docker takes the connection over in one of two ways: as an upgrade where the client asked for one, or plainly. */
export function hijackSocket(socket: Duplex, rest: Buffer, headers: Record<string, string>): Hijacked {
  const lines = ["HTTP/1.1 101 UPGRADED", "Connection: Upgrade", "Upgrade: tcp", ...headerLines(headers)];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return takeOver(socket, rest);
}

/**
 * Without an upgrade: a body without a length, that ends with the connection. Clients that write always upgrade. Engines of
 * every generation call it raw, also where it has frames.
 */
export function hijackResponse(response: ServerResponse, headers: Record<string, string>): Hijacked {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { ...headers, "Content-Type": "application/vnd.docker.raw-stream" });
  response.flushHeaders();
  const input = new PassThrough();
  input.end();
  const closed = new Promise<void>((resolve) => response.once("close", resolve));
  return {
    input,
    closed,
    write: (data) => void response.write(data),
    drained: () => untilDrained(response, closed),
    end: () => void response.end(),
  };
}

function headerLines(headers: Record<string, string>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function takeOver(socket: Duplex, rest: Buffer): Hijacked {
  const input = new PassThrough();
  input.write(rest);
  socket.on("error", () => input.end()); // the client has gone: what it would have read no longer matters
  socket.pipe(input);
  const closed = new Promise<void>((resolve) => socket.once("close", resolve));
  return {
    input,
    closed,
    drained: () => untilDrained(socket, closed),
    write: (data) => {
      if (!socket.destroyed && socket.writable) socket.write(data);
    },
    end: () => socket.end(),
  };
}

async function untilDrained(stream: Writable, closed: Promise<void>): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return;
  await Promise.race([closed, new Promise<void>((resolve) => stream.once("drain", resolve))]);
}

/** The body of a request that was upgraded is not parsed for us: it is what `Content-Length` names of the raw bytes. */
export async function readUpgradeBody(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<{ body: Buffer; rest: Buffer }> {
  const length = Number(request.headers["content-length"] ?? "0");
  let bytes = head;
  while (bytes.length < length) {
    const chunk = await new Promise<Buffer | null>((resolve) => {
      socket.once("data", (data: Buffer) => resolve(data));
      socket.once("close", () => resolve(null));
    });
    if (!chunk) break;
    bytes = Buffer.concat([bytes, chunk]);
  }
  socket.pause();
  return { body: bytes.subarray(0, length), rest: bytes.subarray(length) };
}
