import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CallOptions, ContainerFilter, ContainerHealth, ListedContainer } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedName } from "../wire/names.ts";
import { ContainerState, Labels } from "./state.ts";

const LIST_MS = 10_000;
/**
 * Moby tells of a rename while its lists have both names still, and no other event follows: before each list that is made
 * again because of that. Nearly always the first will do.
 */
const RENAMING_MS = [2, 5, 10, 20, 50, 100, 200, 400];

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
  .transform((listed): { container: ListedContainer; isBeingRenamed: boolean } => {
    const [name = "", ...otherNames] = ownNames(listed.Names ?? []);
    const container = {
      id: listed.Id,
      name,
      image: listed.Image,
      image_id: listed.ImageID,
      state: listed.State,
      status: listed.Status,
      exit_code: exitCodeIn(listed.Status),
      health: healthIn(listed.Status),
      labels: listed.Labels,
      ports: portsOf(listed.Ports ?? []),
      created_at_s: listed.Created,
    };
    return { container, isBeingRenamed: otherNames.length > 0 };
  });

const List = z.array(Listed);

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
  const list = () => link.call((docker) => docker.listContainers({ all: true, filters }), List, options, LIST_MS);
  let listed = await list();
  for (const ms of RENAMING_MS) {
    if (!listed.some(({ isBeingRenamed }) => isBeingRenamed)) break;
    await delay(ms);
    listed = await list();
  }
  const containers = listed.map(({ container }) => container);
  // Docker's name filter also matches the names that links give.
  return name === undefined ? containers : containers.filter((container) => container.name === name);
}

/**
 * A legacy link's name is "/other/alias"; a container's own has one slash. While one is being renamed it has two, and while
 * one is being removed perhaps none.
 */
const ownNames = (names: string[]): string[] =>
  names.filter((name) => name.lastIndexOf("/") <= 0).map((name) => name.replace(/^\//, ""));

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
