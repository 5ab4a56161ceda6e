import type { RegistryKind } from "@berth/spec/registry.ts";
import type { RegistryMode } from "./config.ts";

/** How the registry can be run on this host: by its binary, or as a container. */
export interface RegistryRunner {
  kind: Extract<RegistryKind, "process" | "container">;
  /** Why it can't be started now, and what to do; null where it can. */
  findObstacle(): Promise<string | null>;
  /** With the config that was written before. What ran before has ended. */
  start(mode: RegistryMode): Promise<RunningRegistry>;
  /** Deletes the blobs that no manifest names. Throws with its last words where it fails. */
  collectGarbage(signal: AbortSignal): Promise<void>;
}

export interface RunningRegistry {
  /** Resolves, with how and its last words, when it has ended. */
  ended: Promise<string>;
  /** Lets open requests end first, for a while. Returns when it is gone. Safe to repeat. */
  stop(): Promise<void>;
  /** At once: it does not answer. */
  kill(): void;
}
