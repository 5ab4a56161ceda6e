import { connectEngine } from "@berth/docker/connect-engine.ts";
import { type Engine, EngineError } from "@berth/docker/engine.ts";
import { EngineUrlError, parseEngineUrl } from "@berth/docker/engine-url.ts";
import { findBinary } from "./find-binary.ts";
import { containerRunner } from "./run-container.ts";
import { processRunner } from "./run-process.ts";
import type { RegistryRunner } from "./runner.ts";
import type { RegistrySettings } from "./settings.ts";

/** Newer ones first. Nothing is pulled: a lab may have no way out. */
const IMAGES = ["registry:3", "registry:2", "docker.io/library/registry:3", "docker.io/library/registry:2"];

export interface FinderOptions {
  settings: RegistrySettings;
  /** Where commands are looked for. */
  path: string;
  /** Of this host's engine; only one on a socket shares this host's folders. */
  engineUrl: string;
  log: (line: string) => void;
}

export interface RunnerFinder {
  /** The best way to run the registry on this host: its binary, else its image on this host's engine; null without both. */
  find: () => Promise<RegistryRunner | null>;
  close(): void;
}

export function createRunnerFinder({ settings, path, engineUrl, log }: FinderOptions): RunnerFinder {
  const engine = connectHere(engineUrl);
  return {
    async find() {
      const binary = await findBinary(path);
      if (binary !== null) return processRunner(binary, settings, log);
      const image = engine && (await findImage(engine));
      return engine && image ? containerRunner(engine, image, settings.folder, log) : null;
    },
    close: () => engine?.close(),
  };
}

function connectHere(url: string): Engine | null {
  if (!url.startsWith("unix://")) return null;
  try {
    return connectEngine(parseEngineUrl(url));
  } catch (error) {
    if (error instanceof EngineUrlError) return null; // whoever reads the variable says so
    throw error;
  }
}

async function findImage(engine: Engine): Promise<string | null> {
  try {
    await engine.ping();
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
  for (const reference of IMAGES) {
    if (await holds(engine, reference)) return reference;
  }
  return null;
}

async function holds(engine: Engine, reference: string): Promise<boolean> {
  try {
    await engine.inspectImage(reference);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
