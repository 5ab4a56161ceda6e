import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { newHexId } from "../hex-id.ts";
import type { ContainerNetwork, ContainerRecord } from "./container-record.ts";

/** Where Docker begins when the host's port is left to it. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** Gives a container that starts its address and its host ports. Throws Docker's words where a port is taken. */
export function allocateNetwork(daemon: Daemon, container: ContainerRecord): ContainerNetwork {
  const others = [...daemon.containers.values()].flatMap((other) => (other.network ? [other.network] : []));
  const endpointId = newHexId();
  if (["host", "none"].includes(container.host.NetworkMode ?? "")) {
    return { sandbox_id: newHexId(), endpoint_id: endpointId, ip: "", mac: "", host_ports: {} };
  }
  const takenIps = new Set(others.map((network) => network.ip));
  let last = 2;
  while (takenIps.has(addressOf(last))) last++;
  const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
  return {
    sandbox_id: newHexId(),
    endpoint_id: endpointId,
    ip: addressOf(last),
    mac: `02:42:ac:11:${hex(last >> 8)}:${hex(last & 255)}`,
    host_ports: allocatePorts(daemon, container, others, endpointId),
  };
}

function addressOf(host: number): string {
  return `172.17.${host >> 8}.${host & 255}`;
}

function allocatePorts(
  daemon: Daemon,
  container: ContainerRecord,
  others: ContainerNetwork[],
  endpointId: string,
): ContainerNetwork["host_ports"] {
  const taken = new Set(others.flatMap((network) => takenPorts(network.host_ports)));
  const ports: ContainerNetwork["host_ports"] = {};
  for (const port of Object.keys(container.config.ExposedPorts ?? {})) ports[port] = null;
  for (const [port, bindings] of Object.entries(container.host.PortBindings ?? {})) {
    const protocol = port.split("/")[1] ?? "tcp";
    ports[port] = (bindings ?? []).flatMap(({ HostIp, HostPort }) => {
      let hostPort = Number(HostPort || "0");
      if (hostPort === 0) {
        hostPort = FIRST_EPHEMERAL_PORT;
        while (taken.has(`${hostPort}/${protocol}`)) hostPort++;
      } else if (taken.has(`${hostPort}/${protocol}`)) {
        throw portIsTaken(daemon, container, endpointId, `${HostIp || "0.0.0.0"}:${hostPort}`);
      }
      taken.add(`${hostPort}/${protocol}`);
      const addresses = HostIp === "" ? ["0.0.0.0", "::"] : [HostIp];
      return addresses.map((address) => ({ HostIp: address, HostPort: String(hostPort) }));
    });
  }
  return ports;
}

function takenPorts(ports: ContainerNetwork["host_ports"]): string[] {
  return Object.entries(ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map((binding) => `${binding.HostPort}/${port.split("/")[1] ?? "tcp"}`),
  );
}

function portIsTaken(daemon: Daemon, container: ContainerRecord, endpointId: string, address: string): DockerError {
  const prefix = daemon.generation.isModern ? "failed to set up container networking: " : "";
  const message =
    `${prefix}driver failed programming external connectivity on endpoint ${container.name} (${endpointId}): ` +
    `Bind for ${address} failed: port is already allocated`;
  return new DockerError(500, message);
}
