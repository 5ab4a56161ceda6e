import { z } from "zod";
import type { CallOptions, ContainerFilter, ContainerHealth, ListedContainer } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedName } from "../wire/names.ts";
import { ContainerState, Labels } from "./state.ts";

const LIST_MS = 10_000;

const Port = z.object({
  PrivatePort: z.int(),
  PublicPort: z.int().optional(),
  Type: z.enum(["tcp", "udp", "sctp"]),
});

const Listed = z
  .object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Image: z.string(),
    ImageID: z.string(),
    State: ContainerState,
    Status: z.string(),
    Labels,
    Ports: z.array(Port).nullish(),
    Created: z.int(),
  })
  .transform((listed): ListedContainer => ({
    id: listed.Id,
    name: ownName(listed.Names ?? []),
    image: listed.Image,
    image_id: listed.ImageID,
    state: listed.State,
    status: listed.Status,
    exit_code: exitCodeIn(listed.Status),
    health: healthIn(listed.Status),
    labels: listed.Labels,
    ports: portsOf(listed.Ports ?? []),
    created_at_s: listed.Created,
  }));

export async function listContainers(
  link: EngineLink,
  filter: ContainerFilter,
  options: CallOptions | undefined,
): Promise<ListedContainer[]> {
  const { name, labels } = filter;
  const filters: Record<string, string[]> = {
    label: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
  };
  if (name !== undefined) filters["name"] = [`^/?${checkedName(name).replaceAll(".", "\\.")}$`];
  const containers = await link.call(
    (docker) => docker.listContainers({ all: true, filters }),
    z.array(Listed),
    options,
    LIST_MS,
  );
  // Docker's name filter also matches the names that links give.
  return name === undefined ? containers : containers.filter((container) => container.name === name);
}

/** A legacy link's name is "/other/alias"; a container's own has one slash. A container being removed may have none. */
function ownName(names: string[]): string {
  const own = names.find((name) => name.lastIndexOf("/") <= 0) ?? "";
  return own.replace(/^\//, "");
}

/** "Exited (137) 3 minutes ago", "Restarting (1) 5 seconds ago" */
function exitCodeIn(status: string): number | null {
  const match = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status);
  return match ? Number(match[1]) : null;
}

/** "Up 2 hours (healthy)", "Up 3 seconds (health: starting)" */
function healthIn(status: string): ContainerHealth | null {
  const match = /^Up .*\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(status);
  return match ? (match[1] as ContainerHealth) : null;
}

/** A port bound on IPv4 and IPv6 is listed twice. */
function portsOf(ports: z.infer<typeof Port>[]): ListedContainer["ports"] {
  const distinct = new Map<string, ListedContainer["ports"][number]>();
  for (const { PrivatePort, PublicPort, Type } of ports) {
    distinct.set(`${PrivatePort}/${Type}:${PublicPort ?? ""}`, {
      container_port: PrivatePort,
      host_port: PublicPort ?? null,
      protocol: Type,
    });
  }
  return [...distinct.values()];
}
