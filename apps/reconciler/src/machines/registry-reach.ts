import { EngineError } from "@berth/docker/engine.ts";
import type { Claim } from "@berth/spec/condition.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { MachineSession } from "./machine-session.ts";

/** No such image is ever pushed: an answer that there is none is an answer. */
const PROBE = { repository: "berth/reachable", tag: "probe" };
/** Shorter than the time between two looks at a machine, so that each of them asks. */
const RECHECK_MS = 30_000;

type Reach = { state: "unknown" | "reachable" } | { state: "missing" | "unreachable" | "refused"; message: string };

/** Whether a machine's engine reaches Berth's registry, as that engine itself says. */
export class RegistryReach {
  readonly #session: MachineSession;
  #reach: Reach = { state: "unknown" };
  #checkedAt = Number.NEGATIVE_INFINITY;
  #isChecking = false;
  #isDoubted = false;

  constructor(session: MachineSession) {
    this.#session = session;
  }

  /** The registry, or the way to it, may be another than at the last look. */
  doubt(): void {
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    this.#isDoubted = this.#isChecking; // what is being asked may be answered by what was before
    this.check();
  }

  /** Asks beside everything else, for it may take an engine long to find out: not again while all is well. */
  check(): void {
    const isFresh =
      this.#reach.state === "reachable" ? this.#checkedAt > 0 : performance.now() - this.#checkedAt < RECHECK_MS;
    if (this.#isChecking || isFresh || this.#session.identity.state !== "confirmed") return;
    this.#isChecking = true;
    this.#ask()
      .then(
        (reach) => this.#take(reach),
        (error: unknown) => this.#session.log.debug({ err: error }, "could not ask whether the registry is reached"),
      )
      .finally(() => {
        this.#isChecking = false;
        if (this.#isDoubted) this.doubt();
      });
  }

  #take(reach: Reach): void {
    const isNews = JSON.stringify(reach) !== JSON.stringify(this.#reach);
    this.#reach = reach;
    this.#checkedAt = performance.now();
    if (isNews) this.#session.enqueueMachine(PRIORITY.event);
  }

  async #ask(): Promise<Reach> {
    const { context, engine, closing } = this.#session;
    const record = await context.registry.record();
    if (record === null) return { state: "unknown" };
    if (record.state === "missing") return { state: "missing", message: record.message };
    try {
      const registryToken = await context.registry.transferToken({ pull: [PROBE.repository] });
      await engine.checkRegistry(`${record.address}/${PROBE.repository}:${PROBE.tag}`, {
        registryToken,
        signal: closing,
      });
      return { state: "reachable" };
    } catch (error) {
      // An engine that is away says nothing of the registry.
      if (!(error instanceof EngineError) || error.kind === "unreachable" || error.kind === "closed") throw error;
      const state = error.kind === "rejected" ? "refused" : "unreachable";
      return { state, message: error.message };
    }
  }

  claim(): Claim[] {
    const reach = this.#reach;
    const type = "RegistryReachable";
    switch (reach.state) {
      case "unknown":
        return [];
      case "reachable":
        return [{ type, status: "true", reason: "Answers", message: "" }];
      case "missing":
        return [{ type, status: "false", reason: "RegistryMissing", message: reach.message }];
      case "refused":
        return [
          {
            type,
            status: "false",
            reason: "RegistryAuth",
            message: `The registry refuses this machine's engine (${reach.message}): is its certificate of Berth's token keys the one that Berth has now?`,
          },
        ];
      case "unreachable":
        return [
          {
            type,
            status: "false",
            reason: "NoWay",
            message: `This machine's engine does not reach the registry (${reach.message}): look at BERTH_REGISTRY_PUBLIC, the network between, and the certificate in /etc/docker/certs.d on the machine.`,
          },
        ];
    }
  }
}
