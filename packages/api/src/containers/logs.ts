import { StringDecoder } from "node:string_decoder";
import { EngineError } from "@berth/docker/engine.ts";
import type { ContainerLogs, ContainerLogsInput } from "@berth/spec/container.ts";
import type { z } from "zod";
import type { AuthedContext } from "../context.ts";
import { findOnEngine, type OnEngine } from "./on-engine.ts";
import { refusalOfEngine } from "./refusal-of-engine.ts";

/** Someone waits for the answer. */
const DEADLINE_MS = 10_000;
export const MAX_LOG_BYTES = 1024 * 1024;

/**
 * The newest lines that a container printed, on stdout and stderr as they came. CONFLICT where no container is there to
 * have printed any, UNAVAILABLE where its machine does not answer in time.
 */
export async function readContainerLogs(
  ctx: AuthedContext,
  { container_id, tail }: z.infer<typeof ContainerLogsInput>,
): Promise<ContainerLogs> {
  const found = await findOnEngine(ctx, container_id);
  try {
    return { lines: linesOf(await readTail(found, tail)) };
  } catch (error) {
    if (error instanceof EngineError)
      throw refusalOfEngine(error, { ...found.container, machine_id: found.machine_id });
    throw error;
  }
}

/** Of what is longer than the limit only the end: memory holds no more than that and one part. */
async function readTail({ engine, engine_id }: OnEngine, tail: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  for await (const { data } of engine.logs(engine_id, { follow: false, tail, signal })) {
    parts.push(data);
    bytes += data.length;
    while (parts[0] && bytes - parts[0].length >= MAX_LOG_BYTES) bytes -= parts.shift()?.length ?? 0;
  }
  return Buffer.concat(parts).subarray(-MAX_LOG_BYTES);
}

/** Without the line ends of a terminal, and without a character that the cut at the start has broken. */
function linesOf(bytes: Buffer): string[] {
  const start = bytes.length < MAX_LOG_BYTES ? 0 : bytes.findIndex((byte) => (byte & 0xc0) !== 0x80);
  const text = new StringDecoder("utf8").end(bytes.subarray(Math.max(0, start)));
  const lines = text.split(/\r*\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
