import { type ContainerRecord } from "../containers/container-record.ts";
import type { Daemon } from "../daemon.ts";
import { digestOf } from "../hex-id.ts";

/** The network that a container is on: what it asked for, or the bridge. */
export function networkNameOf(container: ContainerRecord): string {
  const mode = container.host.NetworkMode;
  return mode && mode !== "default" ? mode : "bridge";
}

export function networkIdOf(daemon: Daemon, container: ContainerRecord): string {
  return networkId(daemon, networkNameOf(container));
}

export function networkId(daemon: Daemon, name: string): string {
  return digestOf("network", daemon.options.engine_id, name).slice("sha256:".length);
}
