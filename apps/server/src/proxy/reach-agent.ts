import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { DialRequest, Reach } from "../reach/reach.ts";

/** Connections that nobody uses are kept so long: a browser asks again and again. */
const IDLE_MS = 30_000;
/** To one port, of one user; more requests wait. */
const MAX_SOCKETS = 64;
const OPTIONS: AgentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 6, timeout: IDLE_MS };

/** What a request of {@link ReachAgent} says beside Node's own options. */
export interface ReachOptions extends ClientRequestArgs {
  dial: DialRequest;
}

/** Keeps connections into containers, by port and by whose they are. */
export class ReachAgent extends Agent {
  readonly #reach: Pick<Reach, "dial">;

  constructor(reach: Pick<Reach, "dial">) {
    super(OPTIONS);
    this.#reach = reach;
  }

  override getName(options?: ClientRequestArgs): string {
    const { container_id, port, actor } = (options as ReachOptions).dial;
    return `${container_id}:${port}:${actor.user_id}`;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): null {
    const done = callback as (error: Error | null, stream?: Duplex) => void;
    this.#reach.dial((options as ReachOptions).dial).then(
      (connection) => done(null, connection),
      (error: Error) => done(error),
    );
    return null;
  }
}
