import { fileURLToPath } from "node:url";
import { waitUntil } from "./wait-until.ts";

/** Node's own options for a process that is to be asked by {@link readHeld}. */
export const TELLS_RESOURCES = [
  "--expose-gc",
  "--import",
  fileURLToPath(new URL("./tell-resources.ts", import.meta.url)),
];

export interface HeldResources {
  /** What V8 holds after garbage collection, bytes. */
  heap: number;
  /** Buffers and the like, beside the heap, bytes. */
  external: number;
  /** Sockets, timers and so on, by Node's own names for them. */
  active: Record<string, number>;
}

/** Asks a process that was started with {@link TELLS_RESOURCES}; `log` is what it prints, a string a line. */
export async function readHeld({ pid, log }: { pid: number; log: readonly string[] }): Promise<HeldResources> {
  const from = log.length;
  const told = (): string | undefined => log.slice(from).findLast((line) => line.startsWith('{"resources":'));
  process.kill(pid, "SIGUSR2");
  await waitUntil("the process to tell what it holds", 60_000, () => told() !== undefined);
  return (JSON.parse(told()!) as { resources: HeldResources }).resources;
}
