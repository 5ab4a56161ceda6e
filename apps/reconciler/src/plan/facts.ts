import type { DesiredContainer, EngineContainer, Memory, ObservedContainer } from "./types.ts";

export const isUp = (container: EngineContainer): boolean =>
  container.state === "running" || container.state === "restarting" || container.state === "paused";

export const wantsToRun = (desired: DesiredContainer, memory: Memory): boolean =>
  desired.desired === "running" && memory.completedRun < desired.run;

/**
 * A restart was asked for, and what ran before has not been ended for it yet: what is up must be stopped, and is no sign
 * of a start. Whoever starts it next writes first that the earlier runs are over, so that none is ended twice.
 */
export const awaitsRestart = (desired: DesiredContainer, memory: Memory): boolean =>
  memory.startedRun < desired.restartRun && memory.completedRun < desired.restartRun - 1;

/** Beside what is recorded there is one that may as well be the container. */
export const isBesideTwin = ({ unknownTwin, current }: ObservedContainer): boolean => unknownTwin && current !== null;

/** An exit that its restart policy takes for the end of the work. */
export const endsByItself = (desired: DesiredContainer, current: EngineContainer): boolean =>
  desired.restart === "no" || (desired.restart === "on-failure" && current.exitCode === 0);

/** The owner consented after this engine container was made, and the recreate was not given up since. */
export const mayRecreate = (desired: DesiredContainer, current: EngineContainer, memory: Memory): boolean =>
  desired.consent !== null &&
  desired.consent.generation > current.generation &&
  memory.abandonedGeneration < desired.consent.generation;

/** The old container of a recreate whose new one has not been up yet. */
export const underRecreate = (observed: ObservedContainer, memory: Memory): EngineContainer | null =>
  observed.held.find((held) => held.engineId === memory.engineId) ?? null;

/** The engine container that is to be the container again, while that is neither done nor given up. */
export const restoreDue = ({ restore }: DesiredContainer, memory: Memory): string | null =>
  restore !== null && memory.abandonedGeneration < restore.generation ? restore.engineId : null;

/** The container that is there is the one that the status row takes over. */
export const isAccepted = (desired: DesiredContainer, observed: ObservedContainer, memory: Memory): boolean =>
  observed.current !== null && acceptedEngineId(desired, observed, memory) === observed.current.engineId;

/** What the status row takes over from `observed`: a recreate's new container counts only once it was up. */
export function acceptedEngineId(
  desired: DesiredContainer,
  observed: ObservedContainer,
  memory: Memory,
): string | null {
  const { current } = observed;
  if (!current) return memory.engineId;
  const isUnproven =
    underRecreate(observed, memory) !== null && current.state === "created" && wantsToRun(desired, memory);
  return isUnproven ? memory.engineId : current.engineId;
}
