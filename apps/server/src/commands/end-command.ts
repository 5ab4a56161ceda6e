import { setTimeout as delay } from "node:timers/promises";
import type { ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";
import { hangUp } from "./hang-up.ts";

const ATTEMPTS = 3;
/** How long the end of a command takes to be seen, once nothing of it is left. */
const SEEN_MS = 2_000;

interface Place {
  machine_id: string;
  engine_id: string;
}

/**
 * Hangs up one that this server has open, and looks that its output ends: a shell that was just being started is not
 * found yet. False where that can't be known, as the machine does not answer.
 */
export async function endCommand(
  { services, log }: { services: Pick<ApiServices, "engines">; log: FastifyBaseLogger },
  { session, ...place }: Place & { session: { terminal_id: string; over: Promise<void> } },
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (!(await hangUpOn({ services, log }, { terminal_id: session.terminal_id, ...place }))) return false;
    if (await isSettled(session.over)) return true;
  }
  log.warn({ terminal_id: session.terminal_id }, "a terminal's command has not ended, though it was hung up");
  return false;
}

/** The same for one that another server has left behind. */
export async function hangUpOn(
  { services, log }: { services: Pick<ApiServices, "engines">; log: FastifyBaseLogger },
  { terminal_id, machine_id, engine_id }: Place & { terminal_id: string },
): Promise<boolean> {
  try {
    const isOver = await hangUp(await services.engines.engineOf(machine_id), engine_id, terminal_id);
    log.info({ terminal_id, machine_id, isOver }, isOver ? "hung up a terminal" : "could not hang up a terminal yet");
    return isOver;
  } catch (error) {
    // The machine was removed, and what ran there is nobody's any more.
    if (error instanceof DomainError && error.code === "NOT_FOUND") return true;
    log.warn({ err: error, terminal_id }, "could not hang up a terminal");
    return false;
  }
}

async function isSettled(over: Promise<void>): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(SEEN_MS, false, { signal: stop.signal }).catch(() => false);
  const isOver = await Promise.race([over.then(() => true), late]);
  stop.abort();
  return isOver;
}
