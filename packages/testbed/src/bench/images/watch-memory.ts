import { setTimeout as delay } from "node:timers/promises";
import { residentMiB } from "../../fleet/resident-memory.ts";

const SAMPLE_MS = 200;
const IDLE_MS = 3_000;

/** Resident memory, MiB. */
export type WatchedMemory = Record<string, { idle: number; highest: number }>;

/** Takes what the processes have for a while as their idle, and then looks at them until `stop`. */
export async function watchMemory(pids: Record<string, number>): Promise<{ stop(): WatchedMemory }> {
  const idle = new Map<string, number>();
  const highest = new Map<string, number>();
  const sampleInto = (into: Map<string, number>): void => {
    for (const [name, pid] of Object.entries(pids)) into.set(name, Math.max(into.get(name) ?? 0, residentMiB(pid)));
  };
  for (let waited = 0; waited < IDLE_MS; waited += SAMPLE_MS) {
    sampleInto(idle);
    await delay(SAMPLE_MS);
  }
  const timer = setInterval(() => sampleInto(highest), SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      sampleInto(highest);
      const entries = Object.keys(pids).map((name) => {
        return [name, { idle: idle.get(name) ?? Number.NaN, highest: highest.get(name) ?? Number.NaN }] as const;
      });
      return Object.fromEntries(entries);
    },
  };
}
