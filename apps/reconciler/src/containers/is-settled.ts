import type { ListedContainer } from "@berth/docker/engine.ts";
import type { Claim } from "@berth/spec/condition.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { plan } from "../plan/plan.ts";
import { toStatus } from "../plan/status.ts";
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
  const next = plan(desired, observed, memoryOf(known), session.now());
  if (next.actions.length > 0) return false;
  const shown = toStatus(desired, observed, next, null);
  const isTold = typesOf(next.claims) === typesOf(row.status.conditions);
  return isTold && shown.phase === row.status.phase && shown.running === row.status.running;
}

const typesOf = (claims: readonly Claim[]): string =>
  claims
    .map(({ type }) => type)
    .sort()
    .join();
