import type { Action } from "../plan/types.ts";

/** What an owner reads of an action that was done; null for what is no news. */
export function eventOf(action: Action): { reason: string; message: string } | null {
  const why = action.cause;
  switch (action.type) {
    case "checkImage":
      return null;
    case "pullImage":
      return { reason: "Pulling", message: `Pulling ${action.reference}.` };
    case "createContainer":
      return { reason: "Created", message: `Created (${why}).` };
    case "startContainer":
      return { reason: "Started", message: `Started (${why}).` };
    case "stopContainer":
      return { reason: "Stopped", message: `Stopped (${why}).` };
    case "unpauseContainer":
      return { reason: "Unpaused", message: `Unpaused (${why}).` };
    case "updateContainer":
      return { reason: "Updated", message: `Limits changed in place (${why}).` };
    case "renameContainer":
      return { reason: "Renamed", message: `Renamed to ${action.name} (${why}).` };
    case "putKeys":
      return { reason: "SshKeysPut", message: `The ssh keys of its owner were put into it (${why}).` };
    case "commitContainer":
      return { reason: "Committed", message: `Its content was kept as ${action.reference}.` };
    case "setAsideContainer":
      return { reason: "SetAside", message: `The old container was set aside as ${action.name} (${why}).` };
    case "abandonRecreate":
      return { reason: "RecreateAbandoned", message: `The container stays as it was (${why}).` };
    case "putBackContainer":
      return { reason: "PutBack", message: `The old container was put back (${why}).` };
    case "restoreContainer":
    case "acceptRestored":
      return { reason: "Restored", message: `What was set aside is the container again (${why}).` };
    case "abandonRestore":
      return { reason: "RestoreAbandoned", message: `The container stays as it was (${why}).` };
    case "removeContainer":
      return { reason: "Removed", message: `Removed ${action.engineId.slice(0, 12)} (${why}).` };
    case "finishRemoval":
      return { reason: "Gone", message: "Gone; its ports and GPUs are free." };
  }
}
