import { setTimeout as delay } from "node:timers/promises";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { refusalOfEngine } from "@berth/api/containers/refusal-of-engine.ts";
import { isDatabaseAway } from "@berth/api/database-away.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { LogsQuery } from "@berth/spec/terminal.ts";
import type { FastifyBaseLogger } from "fastify";
import { findPlace, type Place } from "./find-place.ts";
import { LogPosition } from "./log-position.ts";
import { readRun } from "./read-run.ts";

/** How often it is looked whether a container that ended runs again. */
const LOOK_MS = 1_000;
/** How long it takes at most until an engine is asked again whose container's row did not change. */
const MAX_ASK_MS = 15_000;

interface Parts {
  services: Pick<ApiServices, "sql" | "engines">;
  actor: Actor;
  log: FastifyBaseLogger;
  signal: AbortSignal;
  lookMs?: number;
}

/**
 * What a container prints. With `follow` it goes on over restarts, through a recreate and a restore, without a byte
 * doubled or lost as long as its machine's clock does not go back, and waits for a container that is still being made.
 * Ends by throwing NOT_FOUND where the container may not be seen any more; quietly at `signal`. UNAVAILABLE or CONFLICT
 * where it can't even begin: what breaks later is tried again.
 */
export async function* followLog(
  parts: Parts,
  container_id: number,
  query: LogsQuery,
): AsyncGenerator<Buffer, void, void> {
  const { log, signal } = parts;
  const positions = new Map<string, LogPosition>();
  let position: LogPosition | null = null;
  let hasBegun = false;
  const connected = (): void => void (hasBegun = true);
  let place = await findPlace(parts, container_id);
  let askMs = parts.lookMs ?? LOOK_MS;
  for (;;) {
    const { engine_id, name } = place;
    let mustAsk = false;
    if (engine_id !== null) {
      position = positions.get(engine_id) ?? (position ? LogPosition.after(position) : LogPosition.start(query));
      positions.set(engine_id, position);
      try {
        const hasPrinted = yield* readRun({ ...parts, connected, place: { ...place, engine_id } }, query, position);
        askMs = hasPrinted ? (parts.lookMs ?? LOOK_MS) : Math.min(MAX_ASK_MS, 2 * askMs);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof EngineError)) throw error;
        if (!query.follow || !hasBegun) throw refusalOfEngine(error, place);
        log.debug({ err: error, container_id }, "a log broke off; will go on");
        mustAsk = true;
        askMs = Math.min(MAX_ASK_MS, 2 * askMs);
      }
    }
    if (signal.aborted) return;
    if (!query.follow) {
      if (engine_id === null) throw new DomainError("CONFLICT", `${name} was not made yet: it has printed nothing.`);
      return;
    }
    const next = await untilItMayRun(parts, place, () => findPlace(parts, container_id), { askMs, mustAsk });
    if (!next) return;
    place = next;
  }
}

/**
 * Any change of its status may be a run, even one that has ended again. A row also says for a while that it runs when it
 * does not, or never tells of a short end: then its engine is asked again after `askMs`. Null at the signal.
 */
async function untilItMayRun(
  { signal, lookMs = LOOK_MS }: Parts,
  before: Place,
  find: () => Promise<Place>,
  { askMs, mustAsk }: { askMs: number; mustAsk: boolean },
): Promise<Place | null> {
  for (let waitedMs = lookMs; ; waitedMs += lookMs) {
    try {
      await delay(lookMs, undefined, { signal });
      const now = await find();
      if (now.engine_id !== before.engine_id || now.version !== before.version) return now;
      if ((now.running || mustAsk) && waitedMs >= askMs) return now;
    } catch (error) {
      if (signal.aborted) return null;
      if (!isDatabaseAway(error)) throw error;
    }
  }
}
