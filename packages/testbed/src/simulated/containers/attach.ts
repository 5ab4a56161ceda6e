import { type Call, isSet, type Reply } from "../http/call.ts";
import { frame, streamType } from "../http/stream-framing.ts";
import { typeIn } from "../process/type-in.ts";
import { isRunning } from "./container-record.ts";
import { notRunning } from "./kill.ts";

/** `POST /containers/:id/attach`: the connection becomes the container's input and output until it has ended. */
export async function attachContainer(call: Call): Promise<Reply> {
  const { daemon, params, query } = call;
  const container = daemon.container(params["id"] ?? "");
  const hasTty = container.config.Tty === true;
  const connection = call.hijack({ "Content-Type": streamType(daemon, call.api_version, hasTty) });
  const write = (stream: "stdout" | "stderr", bytes: Uint8Array): void => {
    if (isSet(query, stream)) connection.write(frame(stream, bytes, hasTty));
  };
  daemon.publishContainer(container, "attach");
  if (isSet(query, "logs")) for (const { stream, line } of container.log.records()) write(stream, line);
  const detach = isSet(query, "stream") ? container.log.attach(write) : () => {};
  const takeInput = (): void => {
    void typeIn(connection.input, () => container.process).then(() => {
      if (container.config.StdinOnce) container.process?.options.stdin?.end();
    });
  };
  if (isSet(query, "stdin")) {
    if (container.process) takeInput();
    else container.waiters.push({ condition: "start", resolve: takeInput });
  }
  // Clients attach before they start: the end that counts is the one to come.
  const ended = new Promise<void>((resolve) => {
    container.waiters.push({ condition: "next-exit", resolve: () => resolve() });
    void connection.closed.then(resolve);
  });
  if (isSet(query, "stream")) await ended;
  detach();
  connection.end();
  return undefined;
}

/** `POST /containers/:id/resize`. */
export function resizeContainer({ daemon, params, query }: Call): Reply {
  const container = daemon.container(params["id"] ?? "");
  if (!isRunning(container)) throw notRunning(daemon, container);
  const size = { height: query.get("h") ?? "0", width: query.get("w") ?? "0" };
  daemon.publishContainer(container, "resize", size);
  return { status: 200 };
}

/** `GET /containers/:id/top`. */
export function topContainer({ daemon, params }: Call): Reply {
  const container = daemon.container(params["id"] ?? "");
  if (!isRunning(container)) throw notRunning(daemon, container);
  const argv = container.process?.options.argv ?? [];
  const row = ["root", String(container.pid), "1", "0", "00:00", "?", "00:00:00", argv.join(" ")];
  return {
    status: 200,
    json: { Processes: [row], Titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"] },
  };
}
