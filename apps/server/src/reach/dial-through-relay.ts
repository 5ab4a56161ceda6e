import { type Engine, type EngineCommand, EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ReachFailure } from "./reach.ts";
import { ReachConnection } from "./reach-connection.ts";
import { CONNECTED, relayConnection } from "./relay-script.ts";
import type { Relays, RelayTarget } from "./relays.ts";

const MAX_WORDS = 1_000;

/** A relay may end, or its container stop, between the look at it and the dial: then there is one more attempt. */
const ATTEMPTS = 2;

export async function dialThroughRelay(
  relays: Relays,
  engine: Engine,
  target: RelayTarget,
  { port, name }: { port: number; name: string },
  signal: AbortSignal,
): Promise<ReachConnection> {
  for (let attempt = 1; ; attempt += 1) {
    const relayId = await relays.ensure(engine, target, signal);
    try {
      const said = await connectIn(engine, relayId, port, signal);
      if (said instanceof ReachConnection) return said;
      if (/refused|unreachable|can't connect|timed out/i.test(said)) throw nothingListens(name, port);
      throw new EngineError("failed", `The relay said: ${said}`);
    } catch (error) {
      const isGone = error instanceof EngineError && ["not_found", "conflict", "failed"].includes(error.kind);
      if (!isGone || attempt === ATTEMPTS) throw error;
      relays.forget(target);
    }
  }
}

/** The connection, or what was said where there is none. `signal` ends the attempt, and not what came of it. */
async function connectIn(
  engine: Engine,
  relayId: string,
  port: number,
  signal: AbortSignal,
): Promise<ReachConnection | string> {
  const attempt = new AbortController();
  const abort = (): void => attempt.abort();
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const request = { command: relayConnection(port) };
    const command = await engine.openCommand(relayId, request, { signal: attempt.signal });
    const said = await firstWords(command);
    if (said !== CONNECTED) {
      command.close();
      return said.trim() || "nothing";
    }
    return new ReachConnection({ readable: command.stdout, writable: command.stdin, end: () => command.close() });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** `CONNECTED`, or all that it said by its end. Throws where the command is lost or given up. */
async function firstWords({ stderr }: EngineCommand): Promise<string> {
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  stderr.setEncoding("utf8");
  stderr.on("data", (part: string) => {
    if (said.length < MAX_WORDS) said += part;
    if (said.startsWith(CONNECTED)) resolve(CONNECTED);
  });
  stderr.once("end", () => resolve(said));
  stderr.once("error", reject);
  return promise;
}

const nothingListens = (name: string, port: number): DomainError =>
  new DomainError("UNPROCESSABLE", `Nothing listens on port ${port} of ${name}: start the program there.`, {
    reason: "nothing_listens" satisfies ReachFailure,
  });
