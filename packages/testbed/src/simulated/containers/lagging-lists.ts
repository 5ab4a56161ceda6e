import type { Daemon } from "../daemon.ts";
import type { ContainerRecord, ContainerStatus } from "./container-record.ts";

const shownStill = new WeakMap<ContainerRecord, { status: ContainerStatus }>();

/** For as long as the fault says, lists go on showing the container as it is now; to be called before it changes. */
export function keepInLists(daemon: Daemon, container: ContainerRecord): void {
  const { list_lag_ms: lagMs } = daemon.faults;
  if (lagMs === 0) return;
  const shown = { status: container.status };
  shownStill.set(container, shown);
  daemon.options.clock.after(lagMs, () => {
    if (shownStill.get(container) === shown) shownStill.delete(container);
  });
}

/** From now on lists show what is: whatever the engine writes down of a container next brings all of it. */
export function showInLists(container: ContainerRecord): void {
  shownStill.delete(container);
}

export const listedStatus = (container: ContainerRecord): ContainerStatus =>
  shownStill.get(container)?.status ?? container.status;

const hadName = new WeakMap<ContainerRecord, { name: string }>();

/** For as long as the fault says, lists have the name that it has just lost too. */
export function keepNameInLists(daemon: Daemon, container: ContainerRecord, name: string): void {
  const { list_lag_ms: lagMs } = daemon.faults;
  if (lagMs === 0) return;
  const had = { name };
  hadName.set(container, had);
  daemon.options.clock.after(lagMs, () => {
    if (hadName.get(container) === had) hadName.delete(container);
  });
}

/** Sorted, as moby does. */
export function listedNames(container: ContainerRecord): string[] {
  const had = hadName.get(container);
  return had ? [container.name, had.name].sort() : [container.name];
}
