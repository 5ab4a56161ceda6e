import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pLimit from "p-limit";
import { waitUntil } from "../../fleet/wait-until.ts";
import { type BenchBerth, startBenchBerth } from "../bench-berth.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import type { Order, Sickness, Told } from "./fleet-process.ts";

const FLEET = fileURLToPath(new URL("./fleet-process.ts", import.meta.url));
const IMAGE = { name: "public/busybox:1", reference: "busybox:latest" };
/** Of all machines. */
const SHARES: Record<Sickness, number> = { black: 0.1, slow: 0.05, flapping: 0.05 };
const KILLS_PER_S = 20;
const PHASE_MS = 60_000;
/** After the sick are well again. */
const SETTLE_MS = 15_000;
/** All well, sick, all well, sick: what drifts over time falls on both. */
const TURNS = 2;
const AT_ONCE = 16;
/** On each machine; of a healthy one the first is killed. */
const CONTAINERS = Number(process.env["BERTH_BENCH_CONTAINERS"] ?? 1);

/** How long a container that was killed by hand stays down on machines that are well, ms. */
export interface SickFleetFigures {
  machines: number;
  sick: Record<Sickness, number>;
  /** The engine's own part: how long a start takes. */
  start_ms: number;
  /** While all machines are well. */
  baseline: Distribution;
  /** In the first minute in which others are sick, while restarts are asked for on each of them. */
  onset: Distribution;
  /** In the second one. */
  beside: Distribution;
}

/** So many simulated machines; the container of each healthy one is killed in turns, sick machines beside it or not. */
export async function measureSickFleet({ machines: count }: { machines: number }): Promise<SickFleetFigures> {
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-sick-"));
  const fleet = fork(FLEET, [folder, String(count)]);
  const berth = await startBenchBerth();
  try {
    const { urls, start_ms } = await firstWord(fleet);
    const sick = choose(count);
    const containers = await fill(berth, urls);
    const healthy = Array.from({ length: count }, (_, at) => at).filter((at) => !sick.some(([other]) => other === at));
    const samples = { baseline: [] as number[], onset: [] as number[], beside: [] as number[] };
    for (let turn = 0; turn < TURNS; turn += 1) {
      samples.baseline.push(...(await killInTurns(fleet, healthy)));
      order(fleet, { order: "sicken", machines: sick });
      // There is much to do for each of them, which can't be done, or not well.
      const asked = sick.flatMap(([at]) => containers[at]!);
      const asking = inTurn(asked, (container_id) => berth.admin.container.restart({ container_id }));
      samples.onset.push(...(await killInTurns(fleet, healthy)));
      await asking;
      samples.beside.push(...(await killInTurns(fleet, healthy)));
      order(fleet, { order: "heal" });
      await allRunning(berth, containers.flat().length);
      await delay(SETTLE_MS);
    }
    return {
      machines: count,
      sick: { black: countOf(sick, "black"), slow: countOf(sick, "slow"), flapping: countOf(sick, "flapping") },
      start_ms,
      baseline: distributionOf(samples.baseline),
      onset: distributionOf(samples.onset),
      beside: distributionOf(samples.beside),
    };
  } finally {
    await berth.close();
    if (fleet.connected) fleet.disconnect();
    if (fleet.exitCode === null) await once(fleet, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

const order = (fleet: ChildProcess, what: Order): void => void fleet.send(what);

async function firstWord(fleet: ChildProcess): Promise<Extract<Told, { told: "machines" }>> {
  const [word] = (await once(fleet, "message")) as [Told];
  if (word.told !== "machines") throw new Error(`the fleet began with ${word.told}`);
  return word;
}

/** Adds the machines, and answers what was made on each. */
async function fill(berth: BenchBerth, urls: string[]): Promise<number[][]> {
  await berth.admin.image.add(IMAGE);
  const places = await inTurn([...urls.entries()], async ([at, url]) => {
    const { machine_id } = await berth.admin.machine.add({ url, allow_insecure: true });
    return Array.from({ length: CONTAINERS }, (_, number) => {
      return { at, name: `bench-${at}-${number}`, image: IMAGE.name, machine_id, command: ["sleep", "86400"] };
    });
  });
  const containers: number[][] = urls.map(() => []);
  await inTurn(places.flat(), async ({ at, ...wish }) => {
    containers[at]!.push((await berth.admin.container.create(wish)).container_id);
  });
  await allRunning(berth, containers.flat().length);
  return containers;
}

/** Some of them at once. */
function inTurn<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const limit = pLimit(AT_ONCE);
  return Promise.all(items.map((item) => limit(() => work(item))));
}

const allRunning = ({ sql }: BenchBerth, count: number): Promise<void> =>
  waitUntil("every container to run", 300_000, async () => {
    const [row] = await sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM container_status s JOIN containers c USING (container_id)
       WHERE s.phase = 'Running' AND s.observed_generation = c.generation`,
    );
    return row?.count === count;
  });

/** Spread over the whole fleet, by kinds. */
function choose(count: number): [number, Sickness][] {
  const kinds = (Object.keys(SHARES) as Sickness[]).flatMap((kind) => Array<Sickness>(count * SHARES[kind]).fill(kind));
  return kinds.map((kind, number) => [Math.floor((number * count) / kinds.length), kind]);
}

const countOf = (sick: [number, Sickness][], kind: Sickness): number =>
  sick.filter(([, other]) => other === kind).length;

/** Kills one after the other at a steady pace, whether the ones before run again or not, and answers how long each was down. */
async function killInTurns(fleet: ChildProcess, machines: number[]): Promise<number[]> {
  const kills = (PHASE_MS / 1_000) * KILLS_PER_S;
  const repaired: number[] = [];
  const hear = (told: Told): void => {
    if (told.told === "repaired") repaired.push(told.ms);
  };
  fleet.on("message", hear);
  const began = performance.now();
  for (let kill = 0; kill < kills; kill += 1) {
    await delay(Math.max(0, began + (kill * 1_000) / KILLS_PER_S - performance.now()));
    order(fleet, { order: "kill", machine: machines[kill % machines.length]! });
  }
  await waitUntil("every killed container to run again", 60_000, () => repaired.length === kills);
  fleet.off("message", hear);
  return repaired;
}

export function reportSickFleet(figures: SickFleetFigures): string {
  const { machines, sick, start_ms, baseline, onset, beside } = figures;
  const ratios = ({ p50, p99 }: Distribution, less: number): string =>
    [(p50 - less) / (baseline.p50 - less), (p99 - less) / (baseline.p99 - less)]
      .map((ratio) => `${ratio.toFixed(2)}×`)
      .join(" and ");
  const row = (name: string, down: Distribution): string => {
    const [p50, p99] = [down.p50, down.p99].map((ms) => ms.toFixed(1));
    const own = `Berth's own part ${ratios(down, start_ms)}`;
    return `  ${name.padEnd(44)}${p50!.padStart(8)}${p99!.padStart(9)}   of ${down.count}, ${ratios(down, 0)}; ${own}`;
  };
  return [
    `${machines} simulated machines; a container on one that is well is killed by hand: end → runs again, milliseconds`,
    `${"p50".padStart(54)}${"p99".padStart(9)}`,
    row("all are well", baseline),
    row("others fall ill, with restarts to be done", onset),
    row(`others: ${sick.black} black, ${sick.slow} slow, ${sick.flapping} flapping`, beside),
    `  target 1.10×; ${start_ms} ms of each are the simulated engine's start, and the rest is Berth's own part`,
  ].join("\n");
}
