import type { ApiServices } from "@berth/api/context.ts";
import { forgetTerminal, renewTerminals, takeStaleTerminals } from "@berth/db/terminals/terminals.ts";
import type { FastifyBaseLogger } from "fastify";
import { hangUpOn } from "./end-command.ts";

const RENEW_MS = 20_000;
/** In one sweep, and so many of them at once. */
const SWEEP_ROWS = 100;
const SWEEP_AT_ONCE = 10;

interface Kept {
  session: { terminal_id: string; hasExited: boolean };
}

interface Parts<Entry extends Kept> {
  services: ApiServices;
  serverId: string;
  log: FastifyBaseLogger;
  /** Those of this server, and what is done with one that another has hung up. */
  terminals: { running(): Entry[]; lose(entry: Entry): void };
}

/**
 * Says again and again that this server is alive, and hangs up what servers that died have left: at once, and then as
 * often as it renews. `close` resolves when what was under way is done.
 */
export function keepRows<Entry extends Kept>(parts: Parts<Entry>): { close(): Promise<unknown> } {
  const { log } = parts;
  let hasFailed = false;
  let renewing: Promise<void> | null = null;
  let sweeping: Promise<void> | null = null;
  const startSweep = (): void => {
    sweeping ??= sweep(parts)
      .catch((error: unknown) => log.warn({ err: error }, "could not look for terminals that were left behind"))
      .finally(() => (sweeping = null));
  };
  const tick = async (): Promise<void> => {
    try {
      await renew(parts);
    } catch (error) {
      hasFailed = true;
      log.warn({ err: error }, "could not renew terminals");
      return;
    }
    // After a time without the database others must be given theirs to renew, before they count as dead.
    if (!hasFailed) startSweep();
    hasFailed = false;
  };
  const timer = setInterval(() => {
    renewing ??= tick().finally(() => (renewing = null));
  }, RENEW_MS);
  startSweep();
  return {
    close() {
      clearInterval(timer);
      return Promise.all([renewing, sweeping]);
    },
  };
}

async function renew<Entry extends Kept>({ services, serverId, terminals }: Parts<Entry>): Promise<void> {
  const known = terminals.running();
  if (known.length === 0) return;
  const ids = known.map(({ session }) => session.terminal_id);
  const kept = await renewTerminals(services.sql, serverId, ids);
  for (const entry of known) {
    if (!kept.has(entry.session.terminal_id) && !entry.session.hasExited) terminals.lose(entry);
  }
}

async function sweep({ services, serverId, log }: Omit<Parts<Kept>, "terminals">): Promise<void> {
  const stale = await takeStaleTerminals(services.sql, serverId, SWEEP_ROWS);
  while (stale.length > 0) {
    await Promise.all(
      stale.splice(0, SWEEP_AT_ONCE).map(async (row) => {
        // One that can't be hung up now is stale again in a minute.
        if (await hangUpOn({ services, log }, row)) await forgetTerminal(services.sql, row.terminal_id);
      }),
    );
  }
}
