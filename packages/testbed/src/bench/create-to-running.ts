import { randomBytes } from "node:crypto";
import type { Engine } from "@berth/docker/engine.ts";
import { type BenchBerth, findLine } from "./bench-berth.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import type { Swarm } from "./swarm.ts";

export interface CreateToRunning {
  /** Raw create + start, by the same adapter over the same connection. */
  raw: Distribution;
  /** Docker Swarm: service asked for → container started. */
  swarm: Distribution;
  /** Wish committed → status `Running` committed. */
  whole: Distribution;
  /** The same less the time in which the engine was at work: what Berth adds. */
  own: Distribution;
  /** The most engine calls that one of them took. */
  calls: number;
}

/** The raw calls, Docker Swarm and Berth take turns, so that all meet the same machine. */
export async function measureCreateToRunning(
  berth: BenchBerth,
  engine: Engine,
  swarm: Swarm,
  { machine_id, image, rounds }: { machine_id: string; image: { name: string; reference: string }; rounds: number },
): Promise<CreateToRunning> {
  const raw: number[] = [];
  const bySwarm: number[] = [];
  const whole: number[] = [];
  const own: number[] = [];
  let calls = 0;
  for (let round = -1; round < rounds; round += 1) {
    const rawMs = await rawCreateAndStart(engine, image.reference);
    const swarmMs = await swarm.createAndStart();
    const { container_id, uid } = await berth.admin.container.create({
      name: `bench-${randomBytes(4).toString("hex")}`,
      image: image.name,
      machine_id,
      command: ["sleep", "86400"],
    });
    const recordedAt = performance.timeOrigin + performance.now();
    const runningAt = await berth.committedAt(uid, (status) => status.phase === "Running");
    const line = await findLine(berth.reconciler, uid, "container reconciled");
    await berth.remove(container_id);
    if (round < 0) continue; // the first of each opens connections
    if (line.engineMs === undefined) throw new Error("the reconciler logs no cost of its runs");
    raw.push(rawMs);
    bySwarm.push(swarmMs);
    whole.push(runningAt - recordedAt);
    own.push(runningAt - recordedAt - line.engineMs);
    calls = Math.max(calls, line.calls ?? 0);
  }
  return {
    raw: distributionOf(raw),
    swarm: distributionOf(bySwarm),
    whole: distributionOf(whole),
    own: distributionOf(own),
    calls,
  };
}

async function rawCreateAndStart(engine: Engine, reference: string): Promise<number> {
  const startedAt = performance.now();
  const { id } = await engine.createContainer(`raw-${randomBytes(6).toString("hex")}`, {
    Image: reference,
    Cmd: ["sleep", "86400"],
    Labels: {},
    Tty: true,
    OpenStdin: true,
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: "unless-stopped" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    },
  });
  await engine.startContainer(id);
  const tookMs = performance.now() - startedAt;
  await engine.stopContainer(id, 0);
  await engine.removeContainer(id);
  return tookMs;
}
