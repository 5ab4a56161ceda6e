import { DockerError } from "../docker-error.ts";
import { formatLogNs, parseSince } from "../engine-time.ts";
import { type Call, isSet, type Reply } from "../http/call.ts";
import { frame, streamType } from "../http/stream-framing.ts";
import type { LogRecord } from "./container-log.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";

/** `GET /containers/:id/logs`. A client that reads slowly is waited for. */
export async function streamLogs(call: Call): Promise<Reply> {
  const { daemon, params, query } = call;
  const hasStream = { stdout: isSet(query, "stdout"), stderr: isSet(query, "stderr") };
  if (!hasStream.stdout && !hasStream.stderr) {
    throw new DockerError(400, "Bad parameters: you must choose at least one stream");
  }
  const container = daemon.container(params["id"] ?? "");
  const hasTty = container.config.Tty === true;
  const type: Record<string, string> = daemon.generation.isModern
    ? { "Content-Type": streamType(daemon, call.api_version, hasTty) }
    : {};
  const body = call.stream(200, type);
  const hasTimes = isSet(query, "timestamps");
  const hasDetails = isSet(query, "details"); // no container has any here, and the space after them stays
  const since = parseSince(query.get("since") ?? "") ?? 0n;
  const until = parseSince(query.get("until") ?? "") || null;
  const isWanted = (record: LogRecord): boolean =>
    hasStream[record.stream] && record.time_ns >= since && (until === null || record.time_ns <= until);

  const follower = isSet(query, "follow") && isRunning(container) ? follow(container, call.client) : null;
  const tail = /^\d+$/.test(query.get("tail") ?? "") ? Number(query.get("tail")) : Infinity;
  const kept = container.log.records().filter(isWanted);
  const write = async ({ stream, time_ns, line }: LogRecord): Promise<void> => {
    const start = Buffer.from(`${hasTimes ? `${formatLogNs(time_ns)} ` : ""}${hasDetails ? " " : ""}`);
    await body.write(frame(stream, Buffer.concat([start, line]), hasTty));
  };
  for (const record of kept.slice(Math.max(0, kept.length - tail))) await write(record);
  for await (const record of follower ?? []) if (isWanted(record)) await write(record);
  body.end();
  return undefined;
}

/** What is written from now on, until the container has ended for good or the client has gone. */
function follow(container: ContainerRecord, client: AbortSignal): AsyncIterable<LogRecord> {
  const queue: LogRecord[] = [];
  let isOver = false;
  let wake = (): void => {};
  const stop = container.log.follow((record) => {
    queue.push(record);
    wake();
  });
  const end = (): void => {
    isOver = true;
    stop();
    wake();
  };
  const waiter = { condition: "not-running" as const, resolve: end };
  container.waiters.push(waiter);
  client.addEventListener("abort", () => {
    container.waiters = container.waiters.filter((other) => other !== waiter);
    end();
  });
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const record = queue.shift();
        if (record) yield record;
        else if (isOver) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
