import { EngineError, type Engine } from "@berth/docker/engine.ts";
import type { ObservedImage } from "../plan/types.ts";
import { backoffMs, CRASH_LOOP, TERMINAL_RECHECK_MS } from "../queue/backoff.ts";
import type { MachineLanes } from "../queue/lanes.ts";

/** Pulls on one machine: one at a time for each reference, however many containers wait for it. */
export interface Pulls {
  /** Begins a pull, or joins the one under way. `onEnd` is called once when it ended, well or not. */
  begin(reference: string, onEnd: (image: ObservedImage) => void): void;
  abortAll(): void;
}

export function createPulls(engine: Engine, lanes: MachineLanes, now: () => number, random: () => number): Pulls {
  const waiting = new Map<string, ((image: ObservedImage) => void)[]>();
  const failures = new Map<string, number>();
  const aborting = new AbortController();

  async function pull(reference: string): Promise<ObservedImage> {
    try {
      await lanes.pull(() => engine.pullImage(reference, { signal: aborting.signal }));
      failures.delete(reference);
      return { state: "present" };
    } catch (error) {
      const count = (failures.get(reference) ?? 0) + 1;
      failures.set(reference, count);
      const message = error instanceof Error ? error.message : String(error);
      const delayMs = isTerminal(error) ? TERMINAL_RECHECK_MS : backoffMs(CRASH_LOOP, count, random());
      return { state: "failed", message: `Pulling ${reference} failed: ${message}`, retryAt: now() + delayMs };
    }
  }

  return {
    begin(reference, onEnd) {
      const others = waiting.get(reference);
      if (others) {
        others.push(onEnd);
        return;
      }
      waiting.set(reference, [onEnd]);
      void pull(reference).then((image) => {
        const all = waiting.get(reference) ?? [];
        waiting.delete(reference);
        for (const end of all) end(image);
      });
    },
    abortAll: () => aborting.abort(),
  };
}

/** Not there, or not allowed: asking again soon changes nothing. */
const isTerminal = (error: unknown): boolean =>
  error instanceof EngineError && (error.kind === "not_found" || error.kind === "rejected");
