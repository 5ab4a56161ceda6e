import { isDeepStrictEqual } from "node:util";
import type { MachineFacts } from "@berth/db/machines/load.ts";
import { writeMachineStatus } from "@berth/db/machines/write-status.ts";
import { EngineError, type EngineInfo } from "@berth/docker/engine.ts";
import { mergeConditions } from "@berth/spec/condition.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { isSettled } from "../containers/is-settled.ts";
import { StaleRowError } from "../failures.ts";
import { slotBefore } from "../queue/slot-before.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { clearLeftovers } from "./clear-leftovers.ts";
import { readIdentity } from "./identity.ts";
import { machineClaims } from "./machine-claims.ts";
import type { MachineSession } from "./machine-session.ts";
import { handleOrphans } from "./orphans.ts";

const RESYNC_MS = 60_000;
const FACTS_MS = 5_000;
const FACTS_AGAIN_MS = 30_000;

/**
 * One look at a whole machine. Where nothing has changed it costs one list and no statement: each container is planned in
 * memory, and only one that is not as it should be, or not told as it is, is looked at by its own key.
 */
export async function reconcileMachine(session: MachineSession): Promise<void> {
  session.fence();
  if (!session.isLoaded) await load(session);
  const wasConfirmed = session.identity.state === "confirmed";
  if (!wasConfirmed) session.identity = await readIdentity(session);

  const listed = await session.read(() =>
    session.engine.listContainers({ labels: { [LABEL.installation]: session.owner.installation } }),
  );
  session.lastListAt = new Date(session.now());
  session.unlistedSince = null;
  if (session.identity.state === "confirmed") {
    const ofUid = Map.groupBy(listed, ({ labels }) => labels[LABEL.uid]);
    let isAtRest = true;
    for (const known of session.containers.values()) {
      const own = ofUid.get(known.row.uid) ?? [];
      const isDone = !known.isRunning && !known.isStale && isSettled(session, known, own);
      if (!isDone && !known.isRunning) session.enqueue(known.row.uid, PRIORITY.event);
      if (!isDone || known.retryAt > session.now()) isAtRest = false;
    }
    // What did not finish in time has come about after all: no other change may come that would show it.
    if (isAtRest && session.stuckOn === "changes") session.noteStuck(null);
    if (!wasConfirmed) await clearLeftovers(session, listed);
    await session.departed.refresh();
    await handleOrphans(session, listed);
    await session.departed.keep(listed);
    if (!wasConfirmed) session.images.enqueueAll();
    session.registryReach.check();
  }
  if (session.identity.state === "confirmed") session.probe.look(listed);
  await tellMachine(session);
  if (!session.hasFacts) session.enqueueFacts();
  const now = performance.now();
  session.enqueueMachine(PRIORITY.resync, slotBefore(now + RESYNC_MS * (0.9 + session.random() * 0.2)) - now);
}

/** All that is recorded of it. What fails is loaded anew with the next look, all of it. */
async function load(session: MachineSession): Promise<void> {
  const { machine_id } = session.row;
  const { noticedEarly } = session;
  for (const row of await session.context.loads.containers(machine_id)) session.upsert(row);
  await session.departed.load();
  await session.images.load();
  while (noticedEarly.size > 0) {
    const uids = [...noticedEarly];
    noticedEarly.clear();
    for (const row of await session.context.loadContainers({ uids })) {
      if (row.placement.machine_id === machine_id) session.upsert(row);
    }
  }
  session.isLoaded = true;
}

/**
 * Asks the engine what it is, once for each connection: after the lists of all machines, for none of them waits for that,
 * and apart from them, for it takes locks in the engine and may hang where lists are answered.
 */
export async function learnFacts(session: MachineSession): Promise<void> {
  let info: EngineInfo;
  try {
    info = await session.read(() => session.engine.info({ deadlineMs: FACTS_MS }));
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === "closed") throw error;
    session.log.warn({ err: error }, "the engine does not tell what it is");
    session.factsDueAt = performance.now() + FACTS_AGAIN_MS;
    session.enqueueFacts();
    if (error.timedOut && !session.isStuck) session.noteStuck("facts");
    return;
  }
  if (session.stuckOn === "facts") session.noteStuck(null);
  session.facts = info;
  session.hasFacts = true;
  // Whoever looks at the machine next tells them, and gives it the probe that suits them.
  if (session.context.systemImages !== null || isNews(session, info)) session.enqueueMachine(PRIORITY.event);
}

const toMiB = (bytes: number): number => Math.floor(bytes / 1_048_576);

const isNews = ({ row: { status, facts } }: MachineSession, info: EngineInfo): boolean =>
  info.version !== status.engine_version ||
  info.api_version !== status.api_version ||
  info.ncpu !== facts.cores ||
  toMiB(info.memory_bytes) !== facts.memory?.total;

async function tellMachine(session: MachineSession): Promise<void> {
  // It was told to be away since the list was asked for, and the look that follows its next connection tells more.
  if (session.breaker.isOpen) return;
  const { row, facts } = session;
  const status = {
    online: true,
    engine_version: facts?.version ?? row.status.engine_version,
    api_version: facts?.api_version ?? row.status.api_version,
    conditions: mergeConditions(row.status.conditions, machineClaims(session, null), new Date(session.now())),
    observed_generation: row.generation,
  };
  const { version: before, ...told } = row.status;
  const known: MachineFacts = {
    ...row.facts,
    ...(facts && {
      cores: facts.ncpu,
      memory: { total: toMiB(facts.memory_bytes), free: row.facts.memory?.free ?? null },
    }),
    ...session.probe.facts(),
  };
  const areFactsNew = !isDeepStrictEqual(known, row.facts);
  if (!areFactsNew && JSON.stringify(sorted(status)) === JSON.stringify(sorted(told))) return;
  const version = await writeMachineStatus(session.sql, session.fence(), {
    machine_id: row.machine_id,
    version: before,
    ...status,
    facts: areFactsNew ? known : null,
  });
  if (version === null) {
    await session.reloadStatus();
    throw new StaleRowError();
  }
  session.context.announcer.add("machine", row.machine_id);
  if (!row.status.online) {
    session.context.told.tell({
      noun: "machine",
      id: row.machine_id,
      kind: "normal",
      reason: "Online",
      message: "The engine answers.",
    });
  }
  row.status = { ...status, version };
  row.facts = known;
}

const sorted = (object: object): [string, unknown][] => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
