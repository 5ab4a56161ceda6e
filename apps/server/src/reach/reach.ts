import { findOnEngine } from "@berth/api/containers/on-engine.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { hostOf } from "@berth/api/machines/host.ts";
import { EngineError, type InspectedContainer } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { DirectWays } from "./direct-ways.ts";
import { dialThroughRelay } from "./dial-through-relay.ts";
import { Slots } from "../slots.ts";
import { ReachConnection } from "./reach-connection.ts";
import { Relays } from "./relays.ts";

export interface ReachLimits {
  /** Connections at once on this server. Each through a relay costs some 2 MB and four processes on the machine. */
  perContainer: number;
  perUser: number;
  /** For all of a dial. */
  connectMs: number;
  /** Of a machine whose published ports may be reached without a relay. */
  directConnectMs: number;
}

const REACH_LIMITS: ReachLimits = {
  perContainer: 128,
  perUser: 256,
  connectMs: 10_000,
  directConnectMs: 1_000,
};

export interface DialRequest {
  container_id: number;
  /** Inside the container, TCP. */
  port: number;
  /** Whose connection it is. Who may not see the container reads NOT_FOUND. */
  actor: Actor;
  signal?: AbortSignal;
}

/** Why nothing could be connected to, beside what its sentence says: a proxy shows another page for each. */
export type ReachFailure = "not_running" | "nothing_listens" | "machine_away" | "no_relay";

/** TCP connections into containers, whatever their image, also to ports that are open nowhere. */
export class Reach {
  readonly #services: ApiServices;
  readonly #limits: ReachLimits;
  readonly #relays: Relays;
  readonly #direct = new DirectWays();
  readonly #slots: Slots;
  readonly #open = new Set<ReachConnection>();

  constructor(services: ApiServices, limits: Partial<ReachLimits> = {}) {
    this.#services = services;
    this.#limits = { ...REACH_LIMITS, ...limits };
    this.#relays = new Relays(services.installation);
    const { perUser, perContainer } = this.#limits;
    this.#slots = new Slots({
      perUser,
      perContainer,
      refuseUser: () => tooMany(`You have ${perUser} connections open: close some.`),
      refuseContainer: () => tooMany(`This container has ${perContainer} connections open: close some.`),
    });
  }

  /**
   * Connects to `port` at 127.0.0.1 (or ::1) inside a running container. `end()` closes the connection once all that was
   * written has gone, for a relay can't half-close; `signal` ends the dial only.
   * Throws a DomainError whose `details.reason` is a {@link ReachFailure}: CONFLICT where the container does not run,
   * UNPROCESSABLE where nothing listens on the port, UNAVAILABLE where its machine does not answer or can have no relay;
   * TOO_MANY_REQUESTS at a limit.
   */
  async dial(request: DialRequest): Promise<ReachConnection> {
    const leave = this.#slots.take(request.actor.user_id, request.container_id);
    try {
      const timeout = AbortSignal.timeout(this.#limits.connectMs);
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
      const connection = await this.#connect(request, signal);
      this.#open.add(connection);
      connection.once("close", () => {
        this.#open.delete(connection);
        leave();
      });
      return connection;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Ends every connection. Relays end by themselves when nobody has used them for some minutes. */
  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  async #connect({ actor, container_id, port }: DialRequest, signal: AbortSignal): Promise<ReachConnection> {
    const found = await findOnEngine({ ...this.#services, actor }, container_id);
    const { container, engine, engine_id, machine_id } = found;
    try {
      const run = await engine.inspectContainer(engine_id, { deadlineMs: this.#limits.connectMs, signal });
      if (run.state !== "running" || run.started_at === null) throw notRunning(container.name, run.state);
      const published = container.ports.find((own) => own.container_port === port && own.protocol === "tcp");
      const host = published && (await this.#hostOf(machine_id));
      if (published && host) {
        const direct = await this.#direct.dial(machine_id, { host, port: published.host_port }, this.#limits, signal);
        if (direct) return new ReachConnection({ readable: direct, writable: direct, end: () => direct.destroy() });
      }
      const target = { uid: container.uid, machine_id, engine_id, started_at: run.started_at };
      return await dialThroughRelay(this.#relays, engine, target, { port, name: container.name }, signal);
    } catch (error) {
      throw refusalOf(error, container.name, machine_id, signal);
    }
  }

  /** Null for an engine behind a socket of this machine: what listens on our ports need not be its. */
  async #hostOf(machineId: string): Promise<string | null> {
    const [machine] = await this.#services.sql<{ url: string; simulated: boolean }>(
      "SELECT url, simulated FROM machines WHERE machine_id = $1",
      [machineId],
    );
    return machine && !machine.simulated ? hostOf(machine.url, null) : null;
  }
}

function notRunning(name: string, state: InspectedContainer["state"] | "gone"): DomainError {
  const message =
    state === "paused"
      ? `${name} is paused, as while it is saved: try again in a moment.`
      : `${name} does not run: start it.`;
  return new DomainError("CONFLICT", message, { reason: "not_running" satisfies ReachFailure });
}

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message);

function refusalOf(error: unknown, name: string, machine_id: string, signal: AbortSignal): unknown {
  if (!(error instanceof EngineError)) return error;
  if (error.kind === "not_found" || error.kind === "conflict") return notRunning(name, "gone");
  const isLate = signal.aborted || error.kind === "unreachable";
  const what = isLate ? "does not answer" : `could not connect: ${error.message.replace(/\.$/, "")}`;
  return new DomainError("UNAVAILABLE", `The machine of ${name} ${what}. Try again in a moment.`, {
    reason: "machine_away" satisfies ReachFailure,
    machine_id,
  });
}
