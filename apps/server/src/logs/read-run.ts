import type { ApiServices } from "@berth/api/context.ts";
import type { LogsQuery } from "@berth/spec/terminal.ts";
import type { LogLines } from "./log-lines.ts";
import type { LogPosition } from "./log-position.ts";

const MAX_MESSAGE_BYTES = 64 * 1024;

interface Parts {
  services: Pick<ApiServices, "engines">;
  signal: AbortSignal;
  place: { engine_id: string; machine_id: string | null };
  /** Called once the engine has answered. */
  connected: () => void;
}

/**
 * What an engine has of a log from `position` on, until the container stops or, without `follow`, until now. The engine
 * waits while nobody takes what is yielded. True where there was anything.
 */
export async function* readRun(
  { services, signal, place, connected }: Parts,
  query: Pick<LogsQuery, "follow" | "timestamps">,
  position: LogPosition,
): AsyncGenerator<Buffer, boolean, void> {
  const engine = await services.engines.engineOf(place.machine_id ?? "");
  const read = (options: { follow: boolean; tail?: number; sinceS?: number }) =>
    engine.logs(place.engine_id, { ...options, timestamps: true, signal, connected });
  const lines = {
    stdout: position.linesOf("stdout", query.timestamps),
    stderr: position.linesOf("stderr", query.timestamps),
  };
  if (position.skipsPast) {
    // Only a message's time can say which are new.
    for await (const { stream, data } of read({ follow: false, tail: 1 })) {
      lines[stream].push(data);
      position.advance(stream, lines[stream].point);
    }
    position.skip();
    position.hasBegun = true;
    lines.stdout = position.linesOf("stdout", query.timestamps);
    lines.stderr = position.linesOf("stderr", query.timestamps);
    if (!query.follow) return false;
  }
  let hasPrinted = false;
  const options = position.options;
  for await (const { stream, data } of read({ follow: query.follow, ...options })) {
    position.hasBegun = true;
    const printed = lines[stream].push(data);
    position.advance(stream, lines[stream].point);
    hasPrinted ||= printed.length > 0;
    yield* inMessages(printed);
  }
  position.hasBegun = true;
  for (const stream of ["stdout", "stderr"] as const) yield* inMessages(endOf(lines[stream], stream, position));
  return hasPrinted;
}

function endOf(lines: LogLines, stream: "stdout" | "stderr", position: LogPosition): Buffer {
  const left = lines.end();
  position.advance(stream, lines.point);
  return left;
}

function* inMessages(printed: Buffer): Generator<Buffer> {
  for (let at = 0; at < printed.length; at += MAX_MESSAGE_BYTES) yield printed.subarray(at, at + MAX_MESSAGE_BYTES);
}
