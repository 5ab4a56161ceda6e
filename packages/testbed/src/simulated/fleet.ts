import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKept, restoreRegistry, writeRegistry } from "./images/registry-file.ts";
import { serveRegistry } from "./images/registry-server.ts";
import { SimulatedRegistry } from "./images/simulated-registry.ts";
import { keepState } from "./keep-state.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { MODELS } from "./machine-models.ts";
import { readFileIfThere } from "./replace-file.ts";
import { type SimulatedEngine, startSimulatedEngine } from "./simulated-engine.ts";
import type { TimingName, Timings } from "./timings.ts";

/** What fits into a unix socket's address on Linux, without its closing zero. */
const LONGEST_SOCKET_PATH = 107;

export interface SimulatedFleetOptions {
  count: number;
  /** Where the machines' state is kept over restarts. */
  data_dir: string;
  timings?: TimingName | Timings;
}

export interface SimulatedMachine {
  name: string;
  url: string;
  facts: MachineFacts;
  engine: SimulatedEngine;
}

export interface SimulatedFleet {
  machines: SimulatedMachine[];
  /** `127.0.0.1:PORT` of the registry that they share, which speaks plain HTTP and is open to this host. */
  registry_address: string;
  /** Saves what the machines hold, and ends them. */
  close(): Promise<void>;
}

/** Starts GPU servers that do not exist, with engines that run nothing: what a newcomer without any tries Berth on. */
export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const { count, data_dir: dataDir, timings = "docker_28" } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const sockets = await socketFolder(dataDir);
  const registry = new SimulatedRegistry({ isInventive: true });
  const registryFile = join(dataDir, "registry.json");
  const text = readFileIfThere(registryFile);
  const pushed = text === null ? null : readKept(text);
  // The same port wherever it is free: images that the machines hold are called by it.
  const server = await serveRegistry(registry, Number(pushed?.address?.split(":")[1] ?? 0));
  if (pushed) restoreRegistry(registry, pushed);
  const kept = keepState(registry, registryFile, () => writeRegistry(registry));
  const machines: SimulatedMachine[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(machines.map(({ engine }) => engine.close()));
    await server.close();
    await kept.flush();
    if (sockets !== dataDir) await rm(sockets, { recursive: true });
  };
  try {
    for (let number = 1; number <= count; number++) {
      machines.push(await startMachine({ number, dataDir, sockets, registry, timings }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { machines, registry_address: server.address, close };
}

interface MachinePlace {
  number: number;
  dataDir: string;
  sockets: string;
  registry: SimulatedRegistry;
  timings: TimingName | Timings;
}

async function startMachine({ number, dataDir, sockets, registry, timings }: MachinePlace): Promise<SimulatedMachine> {
  const name = `gpu-sim-${number}`;
  const model = MODELS[(number - 1) % MODELS.length];
  if (!model) throw new Error("there is no machine to simulate");
  const facts = model(number);
  const engine = await startSimulatedEngine({
    name,
    engine_id: `00000000-5157-4000-8000-${number.toString(16).padStart(12, "0")}`,
    listen: { socket_path: join(sockets, `${name}.sock`) },
    facts,
    registry,
    timings,
    images: ["busybox:latest", "debian:12"],
    state_file: join(dataDir, `${name}.json`),
    seed: number,
  });
  return { name, url: engine.url, facts, engine };
}

/** The data folder itself, unless its path is too long for a socket. */
async function socketFolder(dataDir: string): Promise<string> {
  const longest = join(dataDir, "gpu-sim-10000.sock");
  if (Buffer.byteLength(longest) <= LONGEST_SOCKET_PATH) return dataDir;
  return mkdtemp(join(tmpdir(), "berth-sim-")); // mkdtemp gives it mode 0700
}
