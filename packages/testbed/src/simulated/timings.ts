import type { EngineCall } from "./faults.ts";

/** How long an engine takes for a call, in milliseconds. Calls that are not named take no time of their own. */
export type Timings = Partial<Record<EngineCall, number>>;

/** Medians that were measured on real engines (bridge network, small images, two cores). */
const TIMINGS = {
  instant: {},
  docker_28: {
    create: 55,
    start: 118,
    list: 3.7,
    inspect: 0.6,
    info: 9,
    commit: 400,
    pull: 1500,
    push: 2000,
    build: 10,
    distribution: 25,
    remove: 25,
  },
  docker_20: {
    create: 75,
    start: 190,
    list: 5.9,
    inspect: 0.5,
    info: 9,
    commit: 400,
    pull: 1500,
    push: 2000,
    build: 85,
    distribution: 36,
    remove: 40,
  },
} satisfies Record<string, Timings>;

export type TimingName = keyof typeof TIMINGS;

export function timingsOf(timing: TimingName | Timings): Timings {
  return typeof timing === "string" ? TIMINGS[timing] : timing;
}
