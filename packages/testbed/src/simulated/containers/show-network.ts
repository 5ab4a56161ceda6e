import type { Daemon } from "../daemon.ts";
import { networkIdOf, networkNameOf } from "../system/networks.ts";
import type { ContainerRecord } from "./container-record.ts";

/** The container's endpoint, as list and inspect show it: empty while it does not run. */
export function showEndpoint(daemon: Daemon, container: ContainerRecord): Record<string, unknown> {
  const { network } = container;
  const wasStarted = container.started_ns !== null;
  const modern = daemon.generation.isModern ? { GwPriority: 0, DNSNames: null } : {};
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: network?.mac ?? "",
    DriverOpts: null,
    NetworkID: wasStarted ? networkIdOf(daemon, container) : "",
    EndpointID: network?.endpoint_id ?? "",
    Gateway: network?.ip ? "172.17.0.1" : "",
    IPAddress: network?.ip ?? "",
    IPPrefixLen: network?.ip ? 16 : 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    ...modern,
  };
}

export function showNetworks(daemon: Daemon, container: ContainerRecord): Record<string, unknown> {
  return { [networkNameOf(container)]: showEndpoint(daemon, container) };
}

export function showNetworkMode(daemon: Daemon, container: ContainerRecord): string {
  const mode = container.host.NetworkMode || "default";
  return mode === "default" && daemon.generation.isModern ? "bridge" : mode;
}
