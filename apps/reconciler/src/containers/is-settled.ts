import type { ListedContainer } from "@berth/docker/engine.ts";
import type { Claim } from "@berth/spec/condition.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { isAccepted } from "../plan/facts.ts";
import { plan } from "../plan/plan.ts";
import { toStatus } from "../plan/status.ts";
import type { DesiredContainer, EngineContainer } from "../plan/types.ts";
import { toDesired } from "./desired.ts";
import { type KnownContainer, memoryOf } from "./known-container.ts";
import { fromList } from "./observe.ts";

/** Nothing to do, and the status row says so already. */
export function isSettled(
  session: Pick<MachineSession, "owner" | "stoppedByHand" | "now">,
  known: KnownContainer,
  listed: readonly ListedContainer[],
): boolean {
  const { row } = known;
  if (row.status.observed_generation !== row.generation) return false;
  if (known.retryAt > session.now()) return true;
  const observed = fromList(session, known, listed);
  const desired = toDesired(row);
  const memory = memoryOf(known);
  const next = plan(desired, observed, memory, session.now());
  if (next.actions.length > 0) return false;
  if (observed.current && isAccepted(desired, observed, memory) && lacksNote(known, desired, observed.current))
    return false;
  const shown = toStatus(desired, observed, next, null);
  const isTold = typesOf(next.claims) === typesOf(row.status.conditions);
  return isTold && shown.phase === row.status.phase && shown.running === row.status.running;
}

/** What a status write would put right, once: a hold of what is not set aside, or that nobody noted what it was made from. */
function lacksNote({ row }: KnownContainer, desired: DesiredContainer, current: EngineContainer): boolean {
  const isHeld = row.held.some((hold) => hold.engine_id === current.engineId);
  return isHeld || (row.status.applied?.made_from === null && current.specHash === desired.specHash);
}

const typesOf = (claims: readonly Claim[]): string =>
  claims
    .map(({ type }) => type)
    .sort()
    .join();
