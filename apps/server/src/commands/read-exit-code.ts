import { setTimeout as delay } from "node:timers/promises";
import { EngineError, type EngineTerminal } from "@berth/docker/engine.ts";
import type { FastifyBaseLogger } from "fastify";

const ATTEMPTS = 20;
const POLL_MS = 100;

/** Of a command whose output has ended: an engine may know it only a moment later. Null where it can't be known. */
export async function readExitCode(terminal: EngineTerminal, log: FastifyBaseLogger): Promise<number | null> {
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const code = await terminal.exitCode();
      if (code !== null) return code;
      await delay(POLL_MS);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    log.debug({ err: error }, "the exit code of a terminal's command is not known");
  }
  return null;
}
