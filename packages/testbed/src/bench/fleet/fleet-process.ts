// Simulated engines that listen with mutual TLS, as a process of their own, which keeps nothing on disk. It is told what to
// do by messages, and ends when its parent lets go of it.
import { once } from "node:events";
import { LABEL } from "@berth/spec/engine-names.ts";
import { z } from "zod";
import { destroyContainer } from "../../simulated/containers/destroy-container.ts";
import type { ServerTls } from "../../simulated/http/engine-server.ts";
import { SimulatedRegistry } from "../../simulated/images/simulated-registry.ts";
import { MODELS } from "../../simulated/machine-models.ts";
import { type SimulatedEngine, startSimulatedEngine } from "../../simulated/simulated-engine.ts";
import { IMAGE, TIMINGS } from "./start-engines.ts";

const Order = z.discriminatedUnion("order", [
  z.object({
    order: z.literal("start"),
    /** Numbers of engines. */
    first: z.int(),
    last: z.int(),
    tls: z.object({ ca: z.string(), cert: z.string(), key: z.string() }),
  }),
  z.object({ order: z.literal("count") }),
  z.object({ order: z.literal("clear") }),
]);
export type Order = z.infer<typeof Order>;

export type Told =
  | { told: "engines"; urls: string[] }
  /** What Berth made there and runs, and how many of those are one too many for their uid. */
  | { told: "count"; running: number; duplicates: number }
  | { told: "cleared" };

const engines: SimulatedEngine[] = [];
const registry = new SimulatedRegistry({ isInventive: true });
process.on("message", (message) => void obey(Order.parse(message)).then((told) => process.send?.(told)));
await once(process, "disconnect");
process.exit(0);

function startEngine(number: number, tls: ServerTls): Promise<SimulatedEngine> {
  const model = MODELS[number % MODELS.length];
  if (!model) throw new Error("there is no machine to simulate");
  return startSimulatedEngine({
    name: `gpu-sim-${number}`,
    engine_id: `00000000-5157-4000-8000-${number.toString(16).padStart(12, "0")}`,
    listen: { port: 0, tls },
    facts: model(number),
    registry,
    timings: TIMINGS,
    images: [IMAGE],
  });
}

async function obey(order: Order): Promise<Told> {
  if (order.order === "start") {
    for (let number = order.first; number <= order.last; number += 1) {
      engines.push(await startEngine(number, order.tls));
    }
    return { told: "engines", urls: engines.map(({ url }) => url) };
  }
  if (order.order === "count") return count();
  for (const { daemon } of engines) {
    for (const container of daemon.containers.values()) {
      container.process?.abandon();
      destroyContainer(daemon, container);
    }
  }
  return { told: "cleared" };
}

function count(): Told {
  const uids = engines.flatMap(({ daemon }) =>
    [...daemon.containers.values()].flatMap(({ status, config }) => {
      const uid = config.Labels?.[LABEL.uid];
      return status === "running" && uid !== undefined ? [uid] : [];
    }),
  );
  return { told: "count", running: uids.length, duplicates: uids.length - new Set(uids).size };
}
