import { plan } from "../plan.ts";
import { planText } from "../text.ts";
import type { DesiredContainer, EngineContainer, Memory, ObservedContainer, Plan } from "../types.ts";
import { containerOf, desiredOf, memoryOf, NOW, observedOf } from "./samples.ts";

/** What differs from a container that runs as its owner wants it. */
export interface Case {
  desired?: Partial<DesiredContainer>;
  /** Null where the engine has none. */
  current?: Partial<EngineContainer> | null;
  observed?: Partial<ObservedContainer>;
  memory?: Partial<Memory>;
}

export const planFor = ({ desired, current, observed, memory }: Case): Plan =>
  plan(
    desiredOf(desired),
    observedOf({ current: current === null ? null : containerOf(current), ...observed }),
    memoryOf(memory),
    NOW,
  );

/** The plan as text: `stop c1 (should be stopped)`, or where the container stands. */
export const textFor = (given: Case): string => planText(planFor(given));

export const claimsFor = (given: Case): string[] => planFor(given).claims.map((claim) => claim.type);

/** As the engine has a container that failed. */
export const EXITED = { state: "exited", exitCode: 1 } as const;
