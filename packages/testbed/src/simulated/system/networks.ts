import type { ContainerRecord } from "../containers/container-record.ts";
import type { Daemon } from "../daemon.ts";
import { digestOf } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";

/** The network that a container is on: what it asked for, or the bridge. */
export function networkNameOf(container: ContainerRecord): string {
  const mode = container.host.NetworkMode;
  return mode && mode !== "default" ? mode : "bridge";
}

export function networkIdOf(daemon: Daemon, container: ContainerRecord): string {
  return networkId(daemon, networkNameOf(container));
}

function networkId(daemon: Daemon, name: string): string {
  return digestOf("network", daemon.options.engine_id, name).slice("sha256:".length);
}

/** `GET /networks`: the three that every engine has. */
export function listNetworks({ daemon }: Call): Reply {
  const networks = Object.entries({ bridge: "bridge", host: "host", none: "null" }).map(([name, driver]) => ({
    Name: name,
    Id: networkId(daemon, name),
    Scope: "local",
    Driver: driver,
    IPAM: { Driver: "default", Options: null, Config: name === "bridge" ? [{ Subnet: "172.17.0.0/16" }] : null },
    Internal: false,
    Containers: {},
    Options: {},
    Labels: {},
  }));
  return { status: 200, json: networks };
}
