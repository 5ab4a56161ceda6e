import type { Duplex } from "node:stream";
import type { Actor } from "@berth/api/context.ts";
import type { FastifyBaseLogger } from "fastify";
import type { AcceptConnection, RejectConnection, ServerChannel, TcpipRequestInfo } from "ssh2";

/** A connection to a port of the container itself, made inside its network. Throws where nothing listens there. */
export type Dial = (request: {
  actor: Actor;
  container_id: number;
  port: number;
  signal: AbortSignal;
}) => Promise<Duplex>;

const LINGER_MS = 3_000;

export interface ForwardPlace {
  actor: Actor;
  container_id: number;
  container_name: string;
  dial: Dial;
  log: FastifyBaseLogger;
  /** Of the connection. */
  closed: AbortSignal;
  /** To be called when it is over, also where it never began. */
  left(): void;
}

/** `ssh -L`: to the container itself, and nowhere else: what else it could reach is not ours to give. */
export async function forward(
  { actor, container_id, container_name, dial, log, closed, left }: ForwardPlace,
  accept: AcceptConnection<ServerChannel>,
  reject: RejectConnection,
  { destIP: host, destPort: port }: TcpipRequestInfo,
): Promise<void> {
  const isItself = ["localhost", "127.0.0.1", "::1", container_name].includes(host);
  const refuse = (): void => {
    left();
    reject();
  };
  if (!isItself || port < 1 || port > 65_535) return refuse();
  let upstream: Duplex;
  try {
    upstream = await dial({ actor, container_id, port, signal: closed });
  } catch (error) {
    log.debug({ err: error, container_id, port }, "could not forward to a port of a container");
    return refuse();
  }
  if (closed.aborted) return void upstream.destroy();
  const channel = accept();
  const end = (): void => void upstream.destroy();
  closed.addEventListener("abort", end, { once: true });
  channel.pipe(upstream, { end: false });
  upstream.pipe(channel);
  // A relay can't half-close: who has said all may still be answered for a while. Who has gone looks the same to ssh.
  let linger: NodeJS.Timeout | undefined;
  upstream.on("data", () => linger?.refresh());
  channel.once("end", () => (linger = setTimeout(() => upstream.end(), LINGER_MS)));
  channel.once("close", end);
  upstream.once("error", (error) => log.debug({ err: error, container_id, port }, "a forwarded connection broke"));
  upstream.once("close", () => {
    clearTimeout(linger);
    closed.removeEventListener("abort", end);
    channel.close();
    left();
  });
}
