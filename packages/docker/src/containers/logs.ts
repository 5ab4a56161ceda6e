import type { IncomingMessage } from "node:http";
import type { ContainerLogsOptions } from "dockerode";
import type { LogChunk, LogOptions } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import type { Apart } from "../transport/dockerode.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId } from "../wire/names.ts";
import { LogFrames } from "../wire/log-frames.ts";
import { inspectContainer } from "./inspect.ts";

const HEAD_MS = 10_000;
/** How long an engine may take over the next part of a log that is there already. */
const STALL_MS = 30_000;

export async function* containerLogs(
  link: EngineLink,
  id: string,
  { follow, tail, sinceS, timestamps = false, signal, connected }: LogOptions,
): AsyncGenerator<LogChunk, void, void> {
  const container = checkedContainerId(id);
  const query = {
    follow,
    stdout: true,
    stderr: true,
    timestamps,
    ...(tail === undefined ? {} : { tail }),
    ...(sinceS === undefined ? {} : { since: sinceS }),
  };
  const parameters: Apart<ContainerLogsOptions & { follow?: false }> = { _query: query, _body: {} };
  const { response, scope } = await link.open(
    (docker) => docker.getContainer(container).logs(parameters),
    signal,
    HEAD_MS,
  );
  try {
    connected?.();
    const isFramed = framing(response) ?? !(await inspectContainer(link, container, { signal })).tty;
    const frames = new LogFrames();
    scope.pause();
    if (!follow) scope.restart(STALL_MS);
    for await (const chunk of bodyChunks(response, scope)) {
      scope.pause(); // while the reader is busy, the engine waits for us
      if (isFramed) yield* frames.push(chunk);
      else yield { stream: "stdout", data: chunk };
      if (!follow) scope.restart(STALL_MS);
    }
    if (isFramed) frames.end();
  } finally {
    response.destroy();
    scope.end();
  }
}

/** Whether the log is in frames (it is not for a TTY), as engines say from API 1.42 on; null where this one does not. */
function framing(response: IncomingMessage): boolean | null {
  switch (response.headers["content-type"]) {
    case "application/vnd.docker.multiplexed-stream":
      return true;
    case "application/vnd.docker.raw-stream":
      return false;
    default:
      return null;
  }
}
