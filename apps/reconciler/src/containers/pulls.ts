import { EngineError } from "@berth/docker/engine.ts";
import type { InspectedImage, PullOptions } from "@berth/docker/engine.ts";
import type { ObservedImage } from "../plan/types.ts";
import { backoffMs, CRASH_LOOP, TERMINAL_RECHECK_MS } from "../queue/backoff.ts";

/** What is pulled: by digest, where it is on Berth's registry. */
export interface Wanted {
  reference: string;
  /** Null for what is on no registry of ours: it is pulled as it is, and nobody keeps books about it. */
  image_id: number | null;
}

/** Pulls on one machine: one at a time for each reference, however many containers wait for it. */
export interface Pulls {
  /** Begins a pull, or joins the one under way. `onEnd` is called once when it ended, well or not. */
  begin(wanted: Wanted, onEnd: (image: ObservedImage) => void): void;
  abortAll(): void;
}

export interface PullParts {
  pull(reference: string, options: PullOptions): Promise<InspectedImage>;
  /** A token for Berth's registry. */
  authorize(wanted: Wanted): Promise<string | undefined>;
  /** What became of it, or how far it is. Whatever it throws is its own affair. */
  note(wanted: Wanted, news: PullNews): void;
  now(): number;
  random(): number;
}

export type PullNews =
  | { state: "pulling"; progress: number; total: number }
  | { state: "present" }
  | { state: "failed"; message: string };

export function createPulls({ pull, authorize, note, now, random }: PullParts): Pulls {
  const waiting = new Map<string, ((image: ObservedImage) => void)[]>();
  const failures = new Map<string, number>();
  const aborting = new AbortController();

  async function run(wanted: Wanted): Promise<ObservedImage> {
    const { reference } = wanted;
    try {
      note(wanted, { state: "pulling", progress: 0, total: 0 });
      const registryToken = await authorize(wanted);
      await pull(reference, {
        signal: aborting.signal,
        ...(registryToken !== undefined && { registryToken }),
        onProgress: ({ current_bytes: progress, total_bytes: total }) =>
          note(wanted, { state: "pulling", progress, total }),
      });
      failures.delete(reference);
      note(wanted, { state: "present" });
      return { state: "present" };
    } catch (error) {
      const count = (failures.get(reference) ?? 0) + 1;
      failures.set(reference, count);
      const message = error instanceof Error ? error.message : String(error);
      if (!aborting.signal.aborted) note(wanted, { state: "failed", message });
      const delayMs = isTerminal(error) ? TERMINAL_RECHECK_MS : backoffMs(CRASH_LOOP, count, random());
      return {
        state: "failed",
        reason: reasonOf(error),
        message: `Pulling ${reference} failed: ${message}`,
        retryAt: now() + delayMs,
      };
    }
  }

  return {
    begin(wanted, onEnd) {
      const others = waiting.get(wanted.reference);
      if (others) {
        others.push(onEnd);
        return;
      }
      waiting.set(wanted.reference, [onEnd]);
      void run(wanted).then((image) => {
        const all = waiting.get(wanted.reference) ?? [];
        waiting.delete(wanted.reference);
        for (const end of all) end(image);
      });
    },
    abortAll: () => aborting.abort(),
  };
}

function reasonOf(error: unknown): Extract<ObservedImage, { state: "failed" }>["reason"] {
  if (!(error instanceof EngineError)) return "PullFailed";
  return error.kind === "rejected" ? "RegistryAuth" : error.kind === "not_found" ? "ImageNotFound" : "PullFailed";
}

/** Not there, or not allowed: asking again soon changes nothing. */
const isTerminal = (error: unknown): boolean =>
  error instanceof EngineError && (error.kind === "not_found" || error.kind === "rejected");
