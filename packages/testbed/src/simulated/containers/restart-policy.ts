import type { ContainerRecord } from "./container-record.ts";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run of this length was no crash: the next delay is the first again. */
const HEALTHY_RUN_MS = 10_000;

/** Whether Docker starts the container again after this exit. */
export function isRestartDue(container: ContainerRecord, exitCode: number, wasStoppedByHand: boolean): boolean {
  const policy = container.host.RestartPolicy;
  switch (policy?.Name) {
    case "always":
      return true;
    case "unless-stopped":
      return !wasStoppedByHand;
    case "on-failure": {
      const isAllowed = policy.MaximumRetryCount === 0 || container.restart_count < policy.MaximumRetryCount;
      return exitCode !== 0 && isAllowed;
    }
    default:
      return false;
  }
}

/** Doubles from 100 ms to a minute. */
export function restartDelayMs(previousMs: number, ranMs: number): number {
  if (previousMs === 0 || ranMs >= HEALTHY_RUN_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}
