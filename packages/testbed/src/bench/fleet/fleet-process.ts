// Simulated engines that listen with mutual TLS, as a process of their own, which keeps nothing on disk. It is forked with
// their number, is told what to do by messages, and ends when its parent lets go of it.
import { once } from "node:events";
import {
  issueClientCertificate,
  issueServerCertificate,
  type KeyAndCertificate,
  makeAuthority,
} from "@berth/docker/certificates/authority.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { z } from "zod";
import { destroyContainer } from "../../simulated/containers/destroy-container.ts";
import type { ServerTls } from "../../simulated/http/engine-server.ts";
import { SimulatedRegistry } from "../../simulated/images/simulated-registry.ts";
import { MODELS } from "../../simulated/machine-models.ts";
import { type SimulatedEngine, startSimulatedEngine } from "../../simulated/simulated-engine.ts";
import { IMAGE, TIMINGS } from "./start-engines.ts";

const Order = z.enum(["count", "clear"]);
export type Order = z.infer<typeof Order>;

export type Told =
  | { told: "engines"; urls: string[]; tls: ServerTls }
  /** What Berth made there and runs, and how many of those are one too many for their uid. */
  | { told: "count"; running: number; duplicates: number }
  | { told: "cleared" };

const tell = (message: Told): void => void process.send?.(message);
const engines: SimulatedEngine[] = [];
process.on("message", (message) => tell(obey(Order.parse(message))));

const authority = await makeAuthority("Berth's benchmark");
const server = await issueServerCertificate(authority, { hosts: ["127.0.0.1"], days: 1 });
const client = await issueClientCertificate(authority, { name: "berth", days: 1 });
const registry = new SimulatedRegistry({ isInventive: true });
for (let number = 1; number <= Number(process.argv[2]); number += 1) engines.push(await startEngine(number));
tell({ told: "engines", urls: engines.map(({ url }) => url), tls: withAuthority(client) });
await once(process, "disconnect");
process.exit(0);

function withAuthority({ key, certificate }: KeyAndCertificate): ServerTls {
  return { ca: authority.certificate, cert: certificate, key };
}

function startEngine(number: number): Promise<SimulatedEngine> {
  const model = MODELS[number % MODELS.length];
  if (!model) throw new Error("there is no machine to simulate");
  return startSimulatedEngine({
    name: `gpu-sim-${number}`,
    engine_id: `00000000-5157-4000-8000-${number.toString(16).padStart(12, "0")}`,
    listen: { port: 0, tls: withAuthority(server) },
    facts: model(number),
    registry,
    timings: TIMINGS,
    images: [IMAGE],
  });
}

function obey(order: Order): Told {
  if (order === "count") return count();
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
