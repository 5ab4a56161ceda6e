import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { finished } from "node:stream/promises";
import type { Engine, EngineEvent } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { type BenchBerth, findLine } from "./bench-berth.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import type { Swarm } from "./swarm.ts";

export interface KillToRepair {
  /** The engine says `die` → the reconciler's start call begins. moby goes on tidying up in that time. */
  untilCall: Distribution;
  /** `die` → `start`, both as the engine says them. */
  untilStarted: Distribution;
  /** The same for one start, once the engine says that the container does not run any more: the floor. */
  rawUntilStarted: Distribution;
  /** Docker Swarm: `die` of one container → `start` of the next. */
  swarmUntilStarted: Distribution;
}

/** What is done at the engine beside Berth. */
export interface Hands {
  kill(engineId: string): Promise<void>;
  /** Resolves once the engine watches; `ended` once it says that the container runs no more, and may be started. */
  watchEnd(engineId: string): Promise<{ ended: Promise<void> }>;
}

/** By Docker's command line, and by its API where that has no time to lose. */
export const handsAt = (at: Pick<FleetEngine, "socket_path" | "docker">): Hands => ({
  async kill(engineId) {
    await at.docker("kill", engineId);
  },
  async watchEnd(engineId) {
    const path = `/containers/${engineId}/wait?condition=not-running`;
    const [head] = (await once(request({ socketPath: at.socket_path, path, method: "POST" }).end(), "response")) as [
      IncomingMessage,
    ];
    if (head.statusCode !== 200) throw new Error(`the engine does not wait: HTTP ${head.statusCode}`);
    return { ended: finished(head.resume()) };
  },
});

/** Kills a container by hand, `rounds` times each: one that Berth keeps, one that is started anew by hand, and one of Docker Swarm's. */
export async function measureKillToRepair(
  berth: BenchBerth,
  engine: Engine,
  swarm: Swarm,
  hands: Hands,
  { machine_id, image, rounds }: { machine_id: string; image: { name: string; reference: string }; rounds: number },
): Promise<KillToRepair> {
  const events = new EventTap(engine);
  await events.connected;
  const untilCall: number[] = [];
  const untilStarted: number[] = [];
  const rawUntilStarted: number[] = [];
  const swarmUntilStarted: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // A container each: one that is killed all the time is paced.
    const { container_id, uid } = await berth.admin.container.create({
      name: `bench-${randomBytes(4).toString("hex")}`,
      image: image.name,
      machine_id,
      command: ["sleep", "86400"],
    });
    await berth.committedAt(uid, (status) => status.phase === "Running");
    const engineId = await findByUid(engine, uid);
    const repaired = events.dieThenStart(engineId);
    await hands.kill(engineId);
    const { diedAt, startedAt } = await repaired;
    const call = await findLine(berth.reconciler, uid, "executing action", ({ cause }) => cause === "stopped by hand");
    untilCall.push(call.time - diedAt);
    untilStarted.push(startedAt - diedAt);
    await berth.remove(container_id);
    rawUntilStarted.push(await rawRepair(engine, events, hands, image.reference));
    swarmUntilStarted.push(await swarm.repair());
  }
  events.close();
  return {
    untilCall: distributionOf(untilCall),
    untilStarted: distributionOf(untilStarted),
    rawUntilStarted: distributionOf(rawUntilStarted),
    swarmUntilStarted: distributionOf(swarmUntilStarted),
  };
}

async function rawRepair(engine: Engine, events: EventTap, hands: Hands, reference: string): Promise<number> {
  const { id } = await engine.createContainer(`raw-${randomBytes(6).toString("hex")}`, {
    Image: reference,
    Cmd: ["sleep", "86400"],
    Labels: { [TAPPED]: "raw" },
    Tty: true,
    OpenStdin: true,
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: "unless-stopped" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    },
  });
  const running = events.next(id, "start");
  await engine.startContainer(id);
  await running;
  const repaired = events.dieThenStart(id);
  const { ended } = await hands.watchEnd(id);
  const killed = hands.kill(id);
  await ended;
  await engine.startContainer(id);
  await killed;
  const { diedAt, startedAt } = await repaired;
  await engine.stopContainer(id, 0);
  await engine.removeContainer(id);
  return startedAt - diedAt;
}

const TAPPED = "bench.tapped";

async function findByUid(engine: Engine, uid: string): Promise<string> {
  const [container] = await engine.listContainers({ labels: { [LABEL.uid]: uid } });
  if (!container) throw new Error(`no container of ${uid} is on the engine`);
  return container.id;
}

/** The engine's events as they come, to be awaited. */
class EventTap {
  readonly connected: Promise<void>;
  readonly #abort = new AbortController();
  readonly #waiting: { engineId: string; action: string; resolve: (atMs: number) => void }[] = [];

  constructor(engine: Engine) {
    const connected = Promise.withResolvers<void>();
    this.connected = connected.promise;
    const events = engine.events({ labels: {}, signal: this.#abort.signal, connected: connected.resolve });
    this.#follow(events).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) throw error;
    });
  }

  /** When the engine said so: ms since 1970. */
  next(engineId: string, action: string): Promise<number> {
    return new Promise((resolve) => this.#waiting.push({ engineId, action, resolve }));
  }

  async dieThenStart(engineId: string): Promise<{ diedAt: number; startedAt: number }> {
    const [diedAt, startedAt] = await Promise.all([this.next(engineId, "die"), this.next(engineId, "start")]);
    return { diedAt, startedAt };
  }

  close(): void {
    this.#abort.abort();
  }

  async #follow(events: AsyncIterable<EngineEvent>): Promise<void> {
    for await (const event of events) {
      const isWanted = (wait: { engineId: string; action: string }): boolean =>
        wait.engineId === event.actor_id && wait.action === event.action;
      for (const wait of this.#waiting.filter(isWanted)) {
        this.#waiting.splice(this.#waiting.indexOf(wait), 1);
        wait.resolve(Number(event.time_ns / 1_000n) / 1_000);
      }
    }
  }
}
