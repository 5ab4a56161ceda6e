import type { Daemon } from "../daemon.ts";
import { networkIdOf, networkNameOf } from "../system/networks.ts";
import type { ContainerRecord } from "./container-record.ts";

/** Says that the container is on its network and that its volumes are mounted, in the order of each generation. */
export function tellConnected(daemon: Daemon, container: ContainerRecord): void {
  const connect = (): void => {
    daemon.events.publish("network", "connect", networkIdOf(daemon, container), networkAttributes(container));
  };
  if (!daemon.generation.isModern) connect();
  for (const mount of container.host.Mounts ?? []) {
    if (mount.Type !== "volume") continue;
    daemon.events.publish("volume", "mount", mount.Source, {
      container: container.id,
      destination: mount.Target,
      driver: "local",
      propagation: "",
      "read/write": String(mount.ReadOnly !== true),
    });
  }
  if (daemon.generation.isModern) connect();
}

/** The container's address and ports are free again. Docker says so of those that it never got, too. */
export function releaseNetwork(daemon: Daemon, container: ContainerRecord): void {
  container.network = null;
  daemon.events.publish("network", "disconnect", networkIdOf(daemon, container), networkAttributes(container));
}

export function unmountVolumes(daemon: Daemon, container: ContainerRecord): void {
  for (const mount of container.host.Mounts ?? []) {
    if (mount.Type !== "volume") continue;
    daemon.events.publish("volume", "unmount", mount.Source, { container: container.id, driver: "local" });
  }
}

function networkAttributes(container: ContainerRecord): Record<string, string> {
  const name = networkNameOf(container);
  return { container: container.id, name, type: name };
}
