import { setTimeout as delay } from "node:timers/promises";
import { type EngineEvent, EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { KnownContainer } from "../containers/known-container.ts";
import { tellOutOfMemory } from "../containers/out-of-memory.ts";
import { isNoEngine } from "../failures.ts";
import { probeDelayMs } from "../queue/breaker.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { MachineSession } from "./machine-session.ts";
import { writeOffline } from "./write-offline.ts";

const RECONNECT_MS = 100;
const RECONNECT_MAX_MS = 1_000;
const PROBE_DEADLINE_MS = 5_000;
const STABLE_MS = 5_000;
/** A list right after `die` or `pause` may still have it running, for moby writes it down after telling it. */
const ANNOUNCED_MS = 2_000;

/**
 * Follows the engine's events for as long as the session lives, and probes an engine that does not answer. Each connection
 * is followed by a look at the whole machine: what happened in between was not heard.
 */
export async function watchEngine(session: MachineSession): Promise<void> {
  let failures = 0;
  let silences = 0;
  let lastEventS: number | undefined;
  let isAway = false;
  while (!session.closing.aborted) {
    let lastError: unknown;
    let connectedAt = Number.POSITIVE_INFINITY;
    let leave = (): void => undefined;
    try {
      if (session.breaker.isOpen) await session.engine.ping({ deadlineMs: PROBE_DEADLINE_MS, signal: session.closing });
      leave = await session.context.lanes.openings.enter();
      const events = session.engine.events({
        labels: { [LABEL.installation]: session.owner.installation },
        ...(lastEventS !== undefined && { sinceS: lastEventS }),
        signal: session.openEventStream(),
        connected: () => {
          leave();
          connectedAt = performance.now();
          isAway = false;
          onConnected(session);
        },
      });
      for await (const event of events) {
        lastEventS = Number(event.time_ns / 1_000_000_000n);
        onEvent(session, event);
      }
    } catch (error) {
      lastError = error;
    } finally {
      leave();
    }
    if (session.closing.aborted) return;
    session.isEventsConnected = false;
    session.noteFailure(lastError);
    // Who answers with other than events is there, but may be no engine that we can work with: a look at it tells.
    if (isNoEngine(lastError) && session.row.status.online) session.enqueueMachine(PRIORITY.event);
    // Nothing else asks for the first look at one that tells no events and answers all else.
    else if (session.lastListAt === null && !session.breaker.isOpen) session.enqueueMachine(PRIORITY.event);
    session.log.debug({ err: lastError }, "event stream ended");
    // A stream that ends at once, again and again, is no connection.
    failures = performance.now() - connectedAt > STABLE_MS ? 1 : failures + 1;
    silences = lastError instanceof EngineError && lastError.timedOut ? silences + 1 : 0;
    if (session.breaker.isOpen && !isAway) {
      isAway = await writeOffline(session, session.lastMiss);
    }
    await rest(session, failures, silences);
  }
}

async function rest(session: MachineSession, failures: number, silences: number): Promise<void> {
  const delayMs = session.breaker.isOpen
    ? probeDelayMs(silences)
    : Math.min(RECONNECT_MAX_MS, RECONNECT_MS * 2 ** Math.min(failures - 1, 10));
  session.nextTryAt = session.now() + delayMs;
  try {
    await delay(delayMs, undefined, { signal: session.closing });
    session.nextTryAt = null;
  } catch (aborted) {
    session.log.debug({ err: aborted }, "stopped watching");
  }
}

function onConnected(session: MachineSession): void {
  if (session.breaker.isOpen) session.log.info("the engine answers again");
  session.breaker.close();
  session.awaySince = null;
  session.lastHeardAt = performance.now();
  session.isEventsConnected = true;
  // Another engine may answer at this address now.
  session.identity = { state: "unknown" };
  session.hasFacts = false;
  session.factsDueAt = 0;
  session.context.queue.unpark(session.row.machine_id);
  session.enqueueMachine(PRIORITY.event);
}

/** Signals that end a process which does not handle them; `docker kill -s HUP` is no stop. */
const ENDING_SIGNALS = new Set(["2", "3", "6", "9", "15"]);

/** What a container's own process does, or what a reader does, changes nothing that we keep. */
const IGNORED = /^(exec_|attach|resize|top|export|archive-|copy|commit|prune|detach)/;

function onEvent(session: MachineSession, event: EngineEvent): void {
  session.lastHeardAt = performance.now();
  if (event.type !== "container" || IGNORED.test(event.action)) return;
  if (event.attributes[LABEL.system] !== undefined) return onSystemEvent(session, event);
  const uid = event.attributes[LABEL.uid];
  const known = uid === undefined ? undefined : session.containers.get(uid);
  if (!known) {
    // Perhaps by a create that was under way when its owner deleted it: no other event would have it removed.
    // And what a move has left here is to stay down.
    if (event.action === "create" || session.departed.has(event.actor_id)) session.enqueueMachine(PRIORITY.event);
    return;
  }
  const now = performance.now();
  switch (event.action) {
    case "kill":
      // The end itself comes as `die`.
      if (ENDING_SIGNALS.has(event.attributes["signal"] ?? "")) session.stoppedByHand.add(event.actor_id);
      return;
    case "stop":
      session.stoppedByHand.add(event.actor_id);
      break;
    case "start":
      session.stoppedByHand.delete(event.actor_id);
      known.announced = null;
      known.surelyDown = null;
      known.heardEndOf = null;
      break;
    case "unpause":
      known.announced = null;
      break;
    case "die":
      known.heardEndOf = event.actor_id;
      announce(known, event, "end");
      break;
    case "pause":
      announce(known, event, "pause");
      break;
    case "oom":
      // Which process it was the engine does not say; where it was the container's own, its end is told as `die`.
      tellOutOfMemory(session, known.row.uid);
      return;
    case "destroy":
      session.stoppedByHand.delete(event.actor_id);
      break;
  }
  known.lastEventAt = now;
  if (!known.isRunning) session.enqueue(known.row.uid, PRIORITY.event);
}

/** What Berth itself runs there has ended, or is gone: a look at the machine brings it back, and another one if that came too early. */
function onSystemEvent(session: MachineSession, { action }: EngineEvent): void {
  if (!["die", "destroy", "pause", "rename"].includes(action)) return;
  session.enqueueMachine(PRIORITY.event);
  session.enqueueMachine(PRIORITY.event, ANNOUNCED_MS);
}

/** Of any engine container that bears its uid: one that has just been made ends, perhaps, before it is recorded. */
function announce(known: KnownContainer, { actor_id }: EngineEvent, what: "end" | "pause"): void {
  if (known.row.held.some((held) => held.engine_id === actor_id)) return;
  known.announced = { engineId: actor_id, what, until: performance.now() + ANNOUNCED_MS };
}
