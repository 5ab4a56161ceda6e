import { setTimeout as delay } from "node:timers/promises";
import { EngineError } from "@berth/docker/engine.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { backoffMs } from "../queue/backoff.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { ReadingLines } from "./reading-lines.ts";

/** A probe tells something every 5 s: one that is silent for as long has lost its stream, or hangs. */
const SILENCE_MS = 30_000;
const AGAIN = { baseMs: 500, maxMs: 30_000 };

/**
 * Follows what a probe prints, from now on, for as long as the signal lets it. A stream that ends or falls silent is
 * opened again; what the probe printed meanwhile is not asked for, for it would pass for current.
 */
export async function followProbe(
  session: MachineSession,
  engineId: string,
  { isFresh, signal }: { isFresh: boolean; signal: AbortSignal },
): Promise<void> {
  let tail = isFresh ? 1 : 0;
  let failures = 0;
  while (!signal.aborted) {
    const silence = new AbortController();
    let hasTold = false;
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const lines = new ReadingLines((why) => session.probe.readings.noteBadLine(why));
    try {
      const log = session.engine.logs(engineId, {
        follow: true,
        tail,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      for await (const { stream, data } of log) {
        if (stream !== "stdout") continue;
        for (const reading of lines.push(data)) {
          hasTold = true;
          timer.refresh();
          session.probe.readings.take(reading);
        }
      }
    } catch (error) {
      session.log.debug({ err: error }, "the probe's log ended");
      // It was removed: the machine's own look makes another.
      if (error instanceof EngineError && error.kind === "not_found") tail = 0;
    } finally {
      clearTimeout(timer);
    }
    if (signal.aborted) return;
    tail = 0;
    failures = hasTold ? 1 : failures + 1;
    if (!session.breaker.isOpen) session.enqueueMachine(PRIORITY.event, 100);
    await delay(backoffMs(AGAIN, failures, session.random()), undefined, { signal }).catch(() => undefined);
  }
}
