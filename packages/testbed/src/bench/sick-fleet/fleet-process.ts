// A simulated fleet as a process of its own, whose machines can be made sick and whose containers can be killed by hand.
// It is forked, is told what to do by messages, and ends when its parent lets go of it.
import { once } from "node:events";
import { z } from "zod";
import type { SimulatedEngine } from "../../simulated/simulated-engine.ts";
import { sendSignal } from "../../simulated/containers/kill.ts";
import { startSimulatedFleet } from "../../simulated/fleet.ts";
import { SIGKILL } from "../../simulated/process/signals.ts";
import { timingsOf } from "../../simulated/timings.ts";

const SICKNESSES = ["black", "slow", "flapping"] as const;
export type Sickness = (typeof SICKNESSES)[number];

/** What it is told; machines by their place in the list that it answers at first. */
const Order = z.discriminatedUnion("order", [
  z.object({ order: z.literal("kill"), machine: z.int() }),
  z.object({ order: z.literal("sicken"), machines: z.array(z.tuple([z.int(), z.enum(SICKNESSES)])) }),
  z.object({ order: z.literal("heal") }),
]);
export type Order = z.infer<typeof Order>;

export type Told =
  | { told: "machines"; urls: string[]; /** How long a start takes here, ms. */ start_ms: number }
  /** The container that was killed runs again: how long after its end, ms. */
  | { told: "repaired"; machine: number; ms: number };

/** Added to every call of a slow machine. */
const SLOW_MS = 2_000;
/** A flapping one answers for so long, and then is away for as long. */
const FLAP_MS = 5_000;

/** Each makes an engine sick, and returns what heals it. */
const SICKEN: Record<Sickness, (engine: SimulatedEngine) => () => void> = {
  /** Whatever is asked goes nowhere, and open connections stay open, as behind a switch that drops everything. */
  black: ({ faults }) => faults.add({ call: "*", effect: { kind: "hang" } }),
  slow: ({ faults }) => faults.add({ call: "*", effect: { kind: "none" }, latency_ms: SLOW_MS }),
  flapping(engine) {
    let back: (() => void) | null = null;
    const flap = (): void => {
      if (back) {
        back();
        back = null;
        return;
      }
      back = engine.faults.add({ call: "*", effect: { kind: "drop", when: "before" } });
      engine.dropConnections();
    };
    let beat: NodeJS.Timeout | null = null;
    // Not all at once.
    const begin = setTimeout(() => (beat = setInterval(flap, FLAP_MS)), Math.random() * FLAP_MS);
    return () => {
      clearTimeout(begin);
      if (beat) clearInterval(beat);
      back?.();
    };
  },
};

const [folder = "", count = "0"] = process.argv.slice(2);
const fleet = await startSimulatedFleet({ count: Number(count), data_dir: folder, timings: "docker_28" });
const engines = fleet.machines.map(({ engine }) => engine);
const cures: (() => void)[] = [];

const tell = (message: Told): void => void process.send?.(message);
process.on("message", (message) => obey(Order.parse(message)));
tell({ told: "machines", urls: engines.map(({ url }) => url), start_ms: timingsOf("docker_28").start ?? 0 });
await once(process, "disconnect");
await fleet.close();
process.exit(0);

function obey(order: Order): void {
  if (order.order === "kill") return kill(order.machine);
  if (order.order === "heal") return cures.splice(0).forEach((cure) => cure());
  for (const [machine, sickness] of order.machines) cures.push(SICKEN[sickness](engineAt(machine)));
}

function engineAt(machine: number): SimulatedEngine {
  const engine = engines[machine];
  if (!engine) throw new Error(`there is no machine ${machine}`);
  return engine;
}

/** Kills the first container that runs there, and tells when it runs again. */
function kill(machine: number): void {
  const { daemon } = engineAt(machine);
  const container = [...daemon.containers.values()].find(({ status }) => status === "running");
  if (!container) throw new Error(`nothing runs on machine ${machine}`);
  let diedAt = Number.NaN;
  const stop = daemon.events.listen(({ Action, Actor }) => {
    if (Actor.ID !== container.id) return;
    if (Action === "die") diedAt = performance.now();
    if (Action !== "start") return;
    stop();
    tell({ told: "repaired", machine, ms: performance.now() - diedAt });
  });
  sendSignal(daemon, container, SIGKILL);
}
