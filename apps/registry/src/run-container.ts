import { StringDecoder } from "node:string_decoder";
import { type CreateContainerBody, type Engine, EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { configFile, type RegistryMode } from "./config.ts";
import type { RegistryRunner, RunningRegistry } from "./runner.ts";

const REGISTRY = "berth-registry";
const COLLECTION = "berth-registry-gc";
const STOP_S = 5;
const TAIL_LINES = 5;

/**
 * Runs the registry as a container of this host's engine, from an image that it holds already. It shares this host's
 * network, so that it listens where it is told to and reaches the server, and sees its folder under the same path. The
 * engine starts it again after a reboot; a keeper takes it away and makes it anew.
 */
export function containerRunner(
  engine: Engine,
  image: string,
  folder: string,
  log: (line: string) => void,
): RegistryRunner {
  const bodyOf = (command: string, mode: RegistryMode, policy: "no" | "unless-stopped"): CreateContainerBody => ({
    Image: image,
    Cmd: [command, configFile(folder, mode)],
    Env: ["OTEL_TRACES_EXPORTER=none"],
    Labels: { [LABEL.system]: "registry" },
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      Init: false,
      RestartPolicy: { Name: policy },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "2" } },
      NetworkMode: "host",
      Mounts: [{ Type: "bind", Source: folder, Target: folder }],
    },
  });
  return {
    kind: "container",
    // Both would use the storage: one that takes pushes beside one that collects would lose some.
    async findObstacle() {
      return (await clearAway(engine, COLLECTION)) ?? (await clearAway(engine, REGISTRY));
    },
    async start(mode) {
      const { id } = await engine.createContainer(REGISTRY, bodyOf("serve", mode, "unless-stopped"));
      await engine.startContainer(id);
      return follow(engine, id, log);
    },
    async collectGarbage(signal) {
      const { id } = await engine.createContainer(COLLECTION, bodyOf("garbage-collect", "read-only", "no"));
      await engine.startContainer(id);
      const tail: string[] = [];
      const running = follow(engine, id, (line) => keepLast(tail, line));
      const kill = (): void => running.kill();
      signal.addEventListener("abort", kill);
      const how = await running.ended;
      signal.removeEventListener("abort", kill);
      await running.stop();
      if (how !== "with exit code 0") throw new Error(`garbage-collect ended ${how}: ${tail.join(" | ")}`);
    },
  };
}

function follow(engine: Engine, id: string, log: (line: string) => void): RunningRegistry {
  const over = new AbortController();
  const ended = watch(engine, id, log, over.signal);
  const stop = async (timeoutS: number): Promise<void> => {
    await engine.stopContainer(id, timeoutS).catch(unlessGone);
  };
  return {
    ended,
    async stop() {
      await stop(STOP_S);
      over.abort();
      await ended;
      await engine.removeContainer(id).catch(unlessGone);
    },
    kill: () => void stop(0).catch(() => over.abort()), // its engine is away, and what it runs with it
  };
}

/** Its log ends with it, or with the engine. */
async function watch(engine: Engine, id: string, log: (line: string) => void, signal: AbortSignal): Promise<string> {
  let last = "";
  try {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for await (const { data } of engine.logs(id, { follow: true, signal })) {
      const lines = (rest + decoder.write(Buffer.from(data))).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        log(line);
        last = line;
      }
    }
    const { exit_code: code } = await engine.inspectContainer(id);
    return code === 0 || last === "" ? `with exit code ${code}` : `with exit code ${code}: ${last}`;
  } catch (error) {
    if (error instanceof EngineError) return `with its engine: ${error.message}`;
    throw error;
  }
}

/** Returns why that can't be done; null where it is done, or there is nothing. */
async function clearAway(engine: Engine, name: string): Promise<string | null> {
  try {
    const { id, labels } = await engine.inspectContainer(name);
    if (labels[LABEL.system] !== "registry") {
      return `a container that Berth did not make is called ${name}: give it another name (docker rename ${name} …)`;
    }
    await engine.stopContainer(id, STOP_S);
    await engine.removeContainer(id);
    return null;
  } catch (error) {
    unlessGone(error);
    return null;
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof EngineError) || error.kind !== "not_found") throw error;
}

function keepLast(tail: string[], line: string): void {
  tail.push(line);
  if (tail.length > TAIL_LINES) tail.shift();
}
