import type { Claim } from "@berth/spec/condition.ts";
import type { MachineSession } from "./machine-session.ts";

/** What is to be told of a machine; `away` is why it can't be reached, or null. */
export function machineClaims(session: MachineSession, away: string | null): Claim[] {
  if (away !== null) {
    return [{ type: "Reachable", status: "false", reason: "NoAnswer", message: away }];
  }
  const { identity } = session;
  const claims: Claim[] = [
    { type: "Reachable", status: "true", reason: "Answers", message: "" },
    identity.state === "mismatch"
      ? { type: "IdentityMatches", status: "false", reason: "AnotherEngine", message: identity.message }
      : { type: "IdentityMatches", status: "true", reason: "MarkerFound", message: "" },
    session.isEventsConnected
      ? { type: "EventsConnected", status: "true", reason: "Listening", message: "" }
      : {
          type: "EventsConnected",
          status: "false",
          reason: "Reconnecting",
          message: "Changes by hand are seen a minute later.",
        },
    session.isStuck
      ? {
          type: "EngineHealthy",
          status: "false",
          reason: "ChangesHang",
          message:
            "The engine answers lists, but does not finish what it is asked to do: look at containerd on the machine.",
        }
      : { type: "EngineHealthy", status: "true", reason: "ChangesFinish", message: "" },
  ];
  claims.push(...session.registryReach.claim(), ...session.disk.claim(), ...session.probe.claim());
  if (session.orphans.length > 0) {
    claims.push({
      type: "OrphansFound",
      status: "true",
      reason: "NotInDatabase",
      message: `Containers of this Berth that its database does not know: ${session.orphans.join(", ")}. They are left alone.`,
    });
  }
  return claims;
}
