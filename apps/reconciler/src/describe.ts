import type { ReconcilerHealth, WorkKind } from "@berth/spec/reconciler.ts";
import type { QueuedKey, WorkQueue } from "./queue/work-queue.ts";

/** More are only counted: the row stays small however many machines are away. */
const BREAKERS_TOLD = 20;
const RUNNING_TOLD = 5;
const MESSAGE_LENGTH = 200;

/** What the keys of the queue begin with. */
const KINDS: Record<string, WorkKind> = {
  m: "machine",
  c: "container",
  i: "image",
  p: "place",
  s: "probe",
  r: "registry",
};

/** What is told of a machine. */
interface DescribedSession {
  row: { machine_id: string };
  awaySince: number | null;
  nextTryAt: number | null;
  lastMiss: unknown;
}

/** How this process does, for people who look. */
export function describeHealth(
  process: { version: string; startedAt: Date },
  queue: Pick<WorkQueue, "survey">,
  sessions: ReadonlyMap<string, DescribedSession>,
): ReconcilerHealth {
  const { depths, longestWaiting, running } = queue.survey();
  const away = [...sessions.values()].flatMap((session) =>
    session.awaySince === null ? [] : [{ session, since: session.awaySince }],
  );
  return {
    version: process.version,
    started_at: process.startedAt.toISOString(),
    machines: sessions.size,
    queue: Object.entries(KINDS).flatMap(([prefix, kind]) => {
      const depth = depths.get(prefix);
      return depth ? [{ kind, ...depth }] : [];
    }),
    longest_waiting: (longestWaiting && workOf(longestWaiting)[0]) ?? null,
    longest_running: running.slice(0, RUNNING_TOLD).flatMap(workOf),
    breakers_open: away.length,
    breakers: away.slice(0, BREAKERS_TOLD).map(({ session, since }) => ({
      machine_id: session.row.machine_id,
      since: new Date(since).toISOString(),
      next_try_at: session.nextTryAt === null ? null : new Date(session.nextTryAt).toISOString(),
      message: (session.lastMiss instanceof Error ? session.lastMiss.message : "").slice(0, MESSAGE_LENGTH),
    })),
  };
}

/** Nothing for a key of no known kind: to tell of it is not worth a failure. */
function workOf({ key, group, ms }: QueuedKey): ReconcilerHealth["longest_running"] {
  const slash = key.indexOf("/");
  const kind = KINDS[key.slice(0, slash)];
  if (!kind) return [];
  // What is looked at on the registry belongs to no machine.
  return [{ kind, id: key.slice(slash + 1), machine_id: kind === "registry" ? null : group, ms: Math.round(ms) }];
}
