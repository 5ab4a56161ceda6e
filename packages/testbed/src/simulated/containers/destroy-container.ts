import type { Daemon } from "../daemon.ts";
import type { ContainerRecord } from "./container-record.ts";

/** The container is gone, with its files; its volumes stay. */
export function destroyContainer(daemon: Daemon, container: ContainerRecord): void {
  daemon.containers.delete(container.id);
  daemon.containerNames.delete(container.name);
  for (const id of container.exec_ids) daemon.execs.delete(id);
  daemon.publishContainer(container, "destroy");
  for (const waiter of container.waiters.splice(0)) waiter.resolve(container.exit_code);
  daemon.onChange();
}
