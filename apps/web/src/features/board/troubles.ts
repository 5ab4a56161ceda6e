import type { Condition } from "@berth/spec/condition.ts";
import type { Machine } from "@berth/spec/machine.ts";

/** Conditions whose name is what should hold are trouble where they are false, the others where they are true. */
const SHOULD_HOLD = new Set([
  "Reachable",
  "IdentityMatches",
  "EngineHealthy",
  "EventsConnected",
  "GpuHealthy",
  "ProbeRunning",
  "RegistryReachable",
]);

export const troublesOf = ({ conditions }: Machine): Condition[] =>
  conditions.filter(
    ({ type, status, message }) => message !== "" && status === (SHOULD_HOLD.has(type) ? "false" : "true"),
  );
