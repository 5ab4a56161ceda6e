import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Actor } from "@berth/api/context.ts";
import type { FastifyBaseLogger } from "fastify";
import type { AcceptConnection, RejectConnection, ServerChannel, TcpipRequestInfo } from "ssh2";
import { ChannelOutput } from "./channel-output.ts";

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
  socket: Socket;
  closed: AbortSignal;
  /** Its channel is there until what this returns is called. */
  entered(channel: ServerChannel): () => void;
  /** To be called when it is over, also where it never began. */
  left(): void;
}

/** `ssh -L`: to the container itself, and nowhere else: what else it could reach is not ours to give. */
export async function forward(
  { actor, container_id, container_name, dial, log, socket, closed, entered, left }: ForwardPlace,
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
  const over = new AbortController();
  const gone = AbortSignal.any([closed, over.signal]);
  gone.addEventListener("abort", () => upstream.destroy(), { once: true });
  channel.once("close", () => over.abort()).once("close", entered(channel));
  upstream.on("error", (error) => log.debug({ err: error, container_id, port }, "a forwarded connection broke"));
  channel.pipe(upstream, { end: false });
  // A relay can't half-close: who has said all may still be answered for a while. Who has gone looks the same to ssh.
  let linger: NodeJS.Timeout | undefined;
  channel.once("end", () => (linger = setTimeout(() => upstream.end(), LINGER_MS)));
  const output = new ChannelOutput(channel, socket, gone);
  try {
    for await (const chunk of upstream as AsyncIterable<Buffer>) {
      linger?.refresh();
      await output.write(chunk);
    }
    channel.end();
  } catch {
    channel.close(); // it broke, or its client has left
  } finally {
    clearTimeout(linger);
    left();
  }
}
