import { once } from "node:events";
import { rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { BlackHole } from "./black-hole.ts";
import { resumeContainers } from "./containers/resume.ts";
import { Daemon, type Onlooker } from "./daemon.ts";
import { type EngineClock, systemClock } from "./engine-clock.ts";
import type { Faults } from "./faults.ts";
import { type GenerationName, generationOf } from "./generation.ts";
import { createEngineServer, type ServerTls } from "./http/engine-server.ts";
import { Router } from "./http/router.ts";
import { keep } from "./images/pull.ts";
import { parseReference } from "./images/image-reference.ts";
import { SimulatedRegistry } from "./images/simulated-registry.ts";
import { keepState } from "./keep-state.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { ROUTES } from "./routes.ts";
import { readFileIfThere } from "./replace-file.ts";
import { restoreState, writeState } from "./state-file.ts";
import { type TimingName, type Timings, timingsOf } from "./timings.ts";

/** A unix socket (a path of at most 107 bytes), or a port of 127.0.0.1 (0 takes a free one), there with mutual TLS too. */
export type ListenAddress = { socket_path: string } | { port: number; tls?: ServerTls };

export interface SimulatedEngineOptions {
  name: string;
  engine_id: string;
  listen: ListenAddress;
  /** Default "28.5". */
  generation?: GenerationName;
  facts?: Partial<MachineFacts>;
  /** How long calls take: `instant` (the default), as measured on a real engine, or by call. */
  timings?: TimingName | Timings;
  clock?: EngineClock;
  /** Where images are pulled from; by default one that has every image that is asked for. */
  registry?: SimulatedRegistry;
  /** Images that are there when an engine without a state begins, as `repository:tag`. */
  images?: string[];
  /** Keeps what the engine holds over restarts: JSON, replaced at once. Without it all is gone with the process. */
  state_file?: string;
  /** Of what is random in its faults. */
  seed?: number;
  /** The same one may look at an engine that is started again. */
  onlooker?: Onlooker;
}

export interface SimulatedEngine {
  /** As `DOCKER_HOST` takes it: `unix:///…` or `tcp://127.0.0.1:…`. */
  url: string;
  /** Null where it listens on a port. */
  socket_path: string | null;
  /** Null where it listens on a socket. */
  port: number | null;
  faults: Faults;
  /** The way to it that leads nowhere; open until asked otherwise. */
  black_hole: BlackHole;
  /** What it holds, for tests that look behind the API. */
  daemon: Daemon;
  /** Tells of each request as it arrives, but for those that take their connection over; returns what ends that. */
  hearRequests(hear: (request: IncomingMessage, response: ServerResponse) => void): () => void;
  /** Breaks every connection: idle ones, streams, and those that a command has taken over. */
  dropConnections(): void;
  close(): Promise<void>;
}

const DEFAULT_FACTS: MachineFacts = {
  gpus: [],
  cpus: [{ type: "Simulated CPU @ 2.40GHz", cores: 8 }],
  memory: 32_768,
  disk: { total: 512_000, free: 400_000 },
};

const ROUTER = new Router(ROUTES);

/** Starts an engine that speaks the Docker Engine API and runs nothing. Many fit in one process. */
export async function startSimulatedEngine(options: SimulatedEngineOptions): Promise<SimulatedEngine> {
  const daemon = new Daemon({
    name: options.name,
    engine_id: options.engine_id,
    generation: generationOf(options.generation ?? "28.5"),
    facts: { ...DEFAULT_FACTS, ...options.facts },
    timings: timingsOf(options.timings ?? "instant"),
    clock: options.clock ?? systemClock,
    registry: options.registry ?? new SimulatedRegistry({ isInventive: true }),
    seed: options.seed ?? 1,
  });
  daemon.onlooker = options.onlooker ?? null;
  const saved = options.state_file === undefined ? null : readFileIfThere(options.state_file);
  if (saved !== null) restoreState(daemon, saved);
  else for (const name of options.images ?? []) preload(daemon, name);
  const state =
    options.state_file === undefined ? null : keepState(daemon, options.state_file, () => writeState(daemon));
  resumeContainers(daemon);
  const server = createEngineServer(daemon, ROUTER, "tls" in options.listen ? options.listen.tls : undefined);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const blackHole = new BlackHole(server, sockets);
  const dropConnections = (): void => sockets.forEach((socket) => socket.destroy());
  await listen(server, options.listen);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : null;
  const socketPath = "socket_path" in options.listen ? options.listen.socket_path : null;
  return {
    url: socketPath === null ? `tcp://127.0.0.1:${port}` : `unix://${socketPath}`,
    socket_path: socketPath,
    port,
    faults: daemon.faults,
    black_hole: blackHole,
    daemon,
    hearRequests: (hear) => {
      // Before the engine's own listener, which may answer at once.
      server.prependListener("request", hear);
      return () => void server.off("request", hear);
    },
    dropConnections,
    close: async () => {
      daemon.faults.clear();
      await blackHole.end();
      server.close();
      dropConnections();
      await once(server, "close");
      daemon.abandonProcesses();
      // What a call that is still under way changes is gone with the process: it must not be written over its successor's.
      daemon.onlooker = null;
      daemon.onChange = () => {};
      await state?.flush();
    },
  };
}

function preload(daemon: Daemon, name: string): void {
  const reference = parseReference(name, daemon.generation);
  const found = daemon.options.registry.find(reference) ?? daemon.options.registry.publish(reference);
  daemon.images.references.set(name, keep(daemon, found).id);
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  if ("socket_path" in address) {
    await rm(address.socket_path, { force: true }); // left by a process that was killed
    server.listen(address.socket_path);
  } else server.listen(address.port, "127.0.0.1");
  await once(server, "listening");
}
