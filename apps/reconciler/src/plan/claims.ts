import type { Claim } from "@berth/spec/condition.ts";
import { isBesideTwin, isUp, mayRecreate, underRecreate, wantsToRun } from "./facts.ts";
import type { DesiredContainer, Memory, ObservedContainer } from "./types.ts";

/** What is to be told beside the phase. Only what holds is claimed. */
export function claimsOf(desired: DesiredContainer, observed: ObservedContainer, memory: Memory): Claim[] {
  if (desired.desired === "removed") return [];
  const claims: Claim[] = [];
  const { current } = observed;
  if (isLost(observed, memory) || memory.dataLost) {
    claims.push({
      type: "DataLost",
      status: "true",
      reason: "ContainerGone",
      message:
        "The container was removed from its machine by something else; what was inside it is gone." +
        (current ? "" : " Start it to have it made anew from its image."),
    });
  }
  if (observed.foreignName) {
    claims.push({
      type: "NameConflict",
      status: "true",
      reason: "ForeignContainer",
      message: `Another container on the machine is called ${desired.engineName}. Berth leaves it alone: rename or remove it there.`,
    });
  }
  if (current && isBesideTwin(observed)) {
    claims.push({
      type: "UnknownTwin",
      status: "true",
      reason: "NotInDatabase",
      message:
        `Beside ${current.engineName} there is a container of the same uid on the machine that the database does not know, ` +
        "or knows as set aside, as after a restore from an older backup. Berth leaves both alone: remove there the one " +
        "that is not wanted.",
    });
  }
  if (current && current.specHash !== desired.specHash && !mayRecreate(desired, current, memory)) {
    claims.push(driftClaim(desired, memory));
  }
  if (memory.restoreFailed) {
    claims.push({
      type: "RestoreFailed",
      status: "true",
      reason: "HeldContainerGone",
      message:
        "What was to be restored is gone from its machine, so the container stays as it was. " +
        "Its settings are those of the restore already: change them, or recreate it.",
    });
  }
  if (current && !current.holdsGpus && !isUp(current) && wantsToRun(desired, memory)) {
    claims.push({
      type: "GpusTaken",
      status: "true",
      reason: "NotClaimed",
      message: "The GPUs that this container was made with are not claimed for it: start it again, or recreate it.",
    });
  }
  if (current?.state === "running" && current.isUnhealthy) {
    claims.push({
      type: "Ready",
      status: "false",
      reason: "Unhealthy",
      message: "The health check of its image fails. It runs on: look into its log, or restart it.",
    });
  }
  if (memory.keysFailure && desired.keysHash !== null && current?.state === "running") {
    claims.push({
      type: "SshKeys",
      status: "false",
      reason: "NotPut",
      message: `The ssh keys of its owner are not in the container: ${memory.keysFailure.message}`,
    });
  }
  if (observed.image.state === "failed") {
    claims.push({
      type: "ImagePulled",
      status: "false",
      reason: observed.image.reason,
      message: observed.image.message,
    });
  }
  const isImageGone = observed.image.state === "absent" || observed.image.state === "failed";
  if (isImageGone && desired.image.fromCommit === "own" && !current && !underRecreate(observed, memory)) {
    claims.push({
      type: "ImageLost",
      status: "true",
      reason: "ImageGone",
      message: "What was kept of the container is gone from its machine: recreate it from another image.",
    });
  }
  if (isImageGone && desired.image.fromCommit === "other" && current?.specHash !== desired.specHash) {
    claims.push({
      type: "ImageLost",
      status: "true",
      reason: "ImageElsewhere",
      message: "Its image is kept on one machine only, and is not on this one: recreate it from another image.",
    });
  }
  return claims;
}

function driftClaim(desired: DesiredContainer, memory: Memory): Claim {
  const isAbandoned = desired.consent !== null && memory.abandonedGeneration >= desired.consent.generation;
  return isAbandoned
    ? {
        type: "RecreateFailed",
        status: "true",
        reason: "NewContainerFailed",
        message: "The changed container could not be made; the old one was put back. Change it again to try anew.",
      }
    : {
        type: "RecreateRequired",
        status: "true",
        reason: "FixedAtCreate",
        message: "The container must be made anew for the change to take effect: recreate it.",
      };
}

/** What was recorded is neither there nor set aside: nothing has its place, or what was made from the image after it. */
const isLost = (observed: ObservedContainer, memory: Memory): boolean =>
  memory.engineId !== null &&
  observed.current?.engineId !== memory.engineId &&
  underRecreate(observed, memory) === null;
