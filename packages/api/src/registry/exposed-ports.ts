import type { ContainerPort } from "@berth/spec/create-params.ts";

/** More than a container may have. */
const MAX_PORTS = 32;
const KINDS: Record<string, ContainerPort["kind"]> = { "22/tcp": "ssh", "80/tcp": "http", "8888/tcp": "http" };

/** The ports that an image says it listens on (`8888/tcp`), each under a name of its own. What is none is left out. */
export function portsOf(exposed: readonly string[]): ContainerPort[] {
  const ports = exposed.flatMap((port): ContainerPort[] => {
    const [, number, protocol = "tcp"] = /^([0-9]{1,5})(?:\/(tcp|udp))?$/.exec(port) ?? [];
    const container_port = Number(number);
    if (!(container_port >= 1 && container_port <= 65_535)) return [];
    const kind = KINDS[`${container_port}/${protocol}`] ?? "tcp";
    const name = kind === "ssh" ? "ssh" : `${kind === "http" ? "http" : protocol}-${container_port}`;
    return [
      { name, kind, protocol: protocol === "udp" ? "udp" : "tcp", container_port, publish: true, strip_prefix: true },
    ];
  });
  return [...new Map(ports.map((port) => [port.name, port])).values()].slice(0, MAX_PORTS);
}
