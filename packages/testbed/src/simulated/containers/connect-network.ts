import type { Daemon } from "../daemon.ts";
import { networkIdOf, networkNameOf } from "../system/networks.ts";
import type { ContainerNetwork, ContainerRecord } from "./container-record.ts";

/** Takes the address and the ports that were found for it, and says so. */
export function connectNetwork(daemon: Daemon, container: ContainerRecord, network: ContainerNetwork): void {
  container.network = network;
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
  daemon.events.publish("network", "connect", networkIdOf(daemon, container), networkAttributes(container));
}

/** The container's address and ports are free again. */
export function releaseNetwork(daemon: Daemon, container: ContainerRecord): void {
  if (!container.network) return;
  container.network = null;
  daemon.events.publish("network", "disconnect", networkIdOf(daemon, container), networkAttributes(container));
  for (const mount of container.host.Mounts ?? []) {
    if (mount.Type !== "volume") continue;
    daemon.events.publish("volume", "unmount", mount.Source, { container: container.id, driver: "local" });
  }
}

function networkAttributes(container: ContainerRecord): Record<string, string> {
  const name = networkNameOf(container);
  return { container: container.id, name, type: name };
}
