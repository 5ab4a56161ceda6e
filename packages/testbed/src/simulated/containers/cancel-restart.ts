import { type ContainerRecord, settleWaiters } from "./container-record.ts";

/** A person's hand was on it: the restart policy leaves it alone, and a restart that was due is called off. */
export function cancelRestart(container: ContainerRecord): void {
  container.was_stopped_by_hand = true;
  container.restart.is_cancelled = true;
  container.restart.cancelTimer?.();
  container.restart.cancelTimer = null;
  if (container.status !== "restarting") return;
  container.status = "exited";
  settleWaiters(container, ["not-running"]);
}
