import { setTimeout as delay } from "node:timers/promises";
import { EngineError } from "@berth/docker/engine.ts";
import { slotBefore } from "../queue/slot-before.ts";
import type { MachineSession } from "./machine-session.ts";

/** Three deadlines missed in a row after it: an engine that freezes is known to be away within 10 s. */
const SILENCE_MS = 4_000;
/** Idle machines must cost next to nothing: from a hundred of them on, each is asked less often. */
const SHARE_MS = 40;
const DEADLINE_MS = 2_000;
const RETRY_MS = 1_000;

/**
 * Asks an engine that was silent for a while whether it is there, and one that does not answer again at once. One that froze
 * keeps its connections: nothing ends and nothing comes, and the next call may be a minute away. An engine that answers
 * calls or tells events is not asked.
 */
export async function watchPulse(session: MachineSession): Promise<void> {
  let limitMs = silenceMs(session);
  while (!session.closing.aborted) {
    const untilMs = slotBefore(session.lastHeardAt + limitMs) - performance.now();
    if (session.breaker.isOpen) await rest(session, SILENCE_MS);
    else if (untilMs > 0) await rest(session, untilMs);
    else if (await isAnswered(session)) limitMs = silenceMs(session);
  }
}

/** How long one may be silent. Jitter: a thousand machines must not all be asked at one moment. */
const silenceMs = ({ context }: MachineSession): number =>
  Math.max(SILENCE_MS, SHARE_MS * context.countMachines()) * (0.8 + 0.2 * context.random());

async function isAnswered(session: MachineSession): Promise<boolean> {
  try {
    await session.engine.ping({ deadlineMs: DEADLINE_MS, signal: session.closing });
    session.noteAnswer();
    return true;
  } catch (error) {
    session.noteFailure(error);
    if (!(error instanceof EngineError && error.timedOut)) await rest(session, RETRY_MS);
    return false;
  }
}

const rest = (session: MachineSession, ms: number): Promise<void> =>
  delay(ms, undefined, { signal: session.closing }).catch((aborted: Error) =>
    session.log.debug({ err: aborted }, "stopped asking"),
  );
