import type { Claim } from "@berth/spec/condition.ts";
import type { ContainerPhase } from "@berth/spec/container.ts";
import { actionText } from "./text.ts";
import type { Action, DesiredContainer, ObservedContainer, Plan, Standing } from "./types.ts";

/** What people are shown. Nothing decides by it. */
export interface ShownStatus {
  phase: ContainerPhase;
  running: boolean;
  message: string;
  exitCode: number | null;
  claims: Claim[];
}

/** Why the last attempt did not get through. */
export interface Failure {
  message: string;
  /** Only a change of the spec can help. */
  isTerminal: boolean;
}

/** `next` is the plan made after observing again, so what it would still do is what is being done. */
export function toStatus(
  desired: DesiredContainer,
  observed: ObservedContainer,
  next: Plan,
  failure: Failure | null,
): ShownStatus {
  const { current } = observed;
  const running = current?.state === "running";
  const isRecreateNeeded = next.claims.some((claim) => claim.type === "RecreateRequired");
  return {
    phase: failure
      ? failedPhase(desired, failure)
      : isRecreateNeeded && running
        ? "RecreateRequired"
        : phaseOf(desired, observed, next),
    running,
    message: failure?.message ?? messageOf(observed, next),
    exitCode: current && !running ? current.exitCode : null,
    claims: next.claims,
  };
}

const STANDING_PHASE: Record<Standing, ContainerPhase> = {
  running: "Running",
  stopped: "Stopped",
  completed: "Completed",
  crashLooping: "BackOff",
  pulling: "Pulling",
  pullFailed: "BackOff",
  removing: "Removing",
  gpusTaken: "Failed",
  lost: "Failed",
  nameConflict: "Failed",
  converging: "Pending",
};

/** Null where the action changes nothing about where the container stands. */
const ACTION_PHASE: Record<Action["type"], ContainerPhase | null> = {
  checkImage: "Pending",
  pullImage: "Pulling",
  createContainer: "Creating",
  startContainer: "Starting",
  stopContainer: "Stopping",
  unpauseContainer: "Starting",
  updateContainer: null,
  renameContainer: null,
  putKeys: null,
  commitContainer: "Recreating",
  setAsideContainer: "Recreating",
  abandonRecreate: "Recreating",
  putBackContainer: "Recreating",
  restoreContainer: "Recreating",
  acceptRestored: "Recreating",
  abandonRestore: "Recreating",
  removeContainer: "Removing",
  finishRemoval: "Removing",
};

/** One engine container takes another's place. */
const EXCHANGES = new Set<Action["type"]>(["setAsideContainer", "putBackContainer", "restoreContainer"]);

function phaseOf(desired: DesiredContainer, observed: ObservedContainer, next: Plan): ContainerPhase {
  if (desired.desired === "removed") return "Removing";
  const isRecreating = next.actions.some(({ type }) => EXCHANGES.has(type));
  if (isRecreating) return "Recreating";
  const held = new Set<string | null>(observed.held.map((container) => container.engineId));
  for (const action of next.actions) {
    const isOfHeld = "engineId" in action && held.has(action.engineId);
    const phase = isOfHeld ? null : ACTION_PHASE[action.type];
    if (phase) return phase;
  }
  return STANDING_PHASE[next.standing];
}

function failedPhase(desired: DesiredContainer, failure: Failure): ContainerPhase {
  if (desired.desired === "removed") return "Removing";
  return failure.isTerminal ? "Failed" : "BackOff";
}

function messageOf(observed: ObservedContainer, next: Plan): string {
  const [first] = next.actions;
  if (first) return `Next: ${actionText(first)}.`;
  switch (next.standing) {
    case "nameConflict":
    case "gpusTaken":
    case "lost":
    case "pullFailed":
      return next.claims.map((claim) => claim.message).join(" ");
    case "completed":
      return `Ended with exit code ${observed.current?.exitCode ?? "unknown"}. Start it to run it again.`;
    case "crashLooping":
      return observed.current?.state === "restarting"
        ? `The engine restarts it: its last exit code is ${observed.current.exitCode ?? "unknown"}. Its log says more.`
        : "It keeps ending; it is started again after a pause. Its log says more.";
    default:
      return next.claims.find(({ type }) => type === "RestoreFailed")?.message ?? "";
  }
}
