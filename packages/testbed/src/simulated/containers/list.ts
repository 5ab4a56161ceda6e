import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { humanDuration, secondsOf } from "../engine-time.ts";
import { type Call, isSet, matchesLabels, readFilters, type Reply } from "../http/call.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";
import { listedNames, listedStatus } from "./lagging-lists.ts";
import { showNetworkMode, showNetworks } from "./show-network.ts";
import { showMounts } from "./show-mounts.ts";
import { showSizes } from "./show-sizes.ts";

const FILTERS = [
  "ancestor",
  "before",
  "exited",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "since",
  "status",
  "volume",
  "publish",
  "expose",
];
/** Who filters by these means containers that have ended, too. */
const ENDED_TOO = ["status", "exited", "before", "since"];
const STATUSES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/** `GET /containers/json`: takes no lock, so it answers while a start hangs. Newest first. */
export async function listContainers(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const filters = readFilters(call, FILTERS);
  for (const status of filters.get("status") ?? []) refuseStatus(daemon, status);
  const limit = Number(query.get("limit") ?? "0");
  const showsAll = isSet(query, "all") || limit > 0 || ENDED_TOO.some((name) => filters.has(name));
  await daemon.takes("list");
  const found = [...daemon.containers.values()]
    .filter((container) => showsAll || isRunning(container))
    .filter((container) => matches(daemon, container, filters))
    .toSorted((left, right) => (left.created_ns < right.created_ns ? 1 : -1));
  const listed = limit > 0 ? found.slice(0, limit) : found;
  const isSized = isSet(query, "size");
  return { status: 200, json: listed.map((container) => show(daemon, container, isSized)) };
}

function matches(daemon: Daemon, container: ContainerRecord, filters: Map<string, string[]>): boolean {
  const some = (name: string, test: (value: string) => boolean): boolean => {
    const values = filters.get(name);
    return !values || values.some(test);
  };
  return (
    matchesLabels(filters.get("label"), container.config.Labels) &&
    some("name", (name) => matchesName(container.name, name)) &&
    some("id", (id) => container.id.startsWith(id)) &&
    some("before", (other) => container.created_ns < daemon.container(other).created_ns) &&
    some("since", (other) => container.created_ns > daemon.container(other).created_ns) &&
    some("status", (status) => listedStatus(container) === status) &&
    some("exited", (code) => listedStatus(container) === "exited" && container.exit_code === Number(code)) &&
    some("ancestor", (image) => daemon.images.find(image, daemon.generation)?.id === container.image_id) &&
    some("volume", (volume) =>
      (container.host.Mounts ?? []).some(({ Source, Target }) => [Source, Target].includes(volume)),
    ) &&
    some("health", (health) => (container.health ?? "none") === health)
  );
}

/** A regular expression, tried with and without the leading slash. */
function matchesName(name: string, wanted: string): boolean {
  let pattern: RegExp;
  try {
    pattern = new RegExp(wanted);
  } catch {
    return name === wanted.replace(/^\//, "");
  }
  return pattern.test(`/${name}`) || pattern.test(name);
}

function refuseStatus({ generation: { isModern } }: Daemon, status: string): void {
  if (STATUSES.includes(status)) return;
  const why = `: invalid value for state (${status}): must be one of ${STATUSES.join(", ")}`;
  throw new DockerError(
    400,
    isModern ? `invalid filter 'status=${status}'${why}` : `Invalid filter 'status=${status}'`,
  );
}

function show(daemon: Daemon, container: ContainerRecord, isSized: boolean): unknown {
  return {
    Id: container.id,
    Names: listedNames(container).map((name) => `/${name}`),
    Image: container.config.Image,
    ImageID: container.image_id,
    Command: showCommand(container),
    Created: secondsOf(container.created_ns),
    Ports: showPorts(container),
    ...(isSized ? showSizes(daemon, container) : {}),
    Labels: container.config.Labels ?? {},
    State: listedStatus(container),
    Status: showStatus(daemon, container),
    HostConfig: { NetworkMode: showNetworkMode(daemon, container) },
    NetworkSettings: { Networks: showNetworks(daemon, container) },
    Mounts: showMounts(daemon, container),
  };
}

function showCommand({ config }: ContainerRecord): string {
  const argv = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return argv.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(" ");
}

function showPorts({ network, config }: ContainerRecord): unknown[] {
  if (!network) return [];
  return Object.keys({ ...config.ExposedPorts, ...network.host_ports }).flatMap((port): unknown[] => {
    const [number, protocol = "tcp"] = port.split("/");
    const own = { PrivatePort: Number(number), Type: protocol };
    const bindings = network.host_ports[port] ?? [];
    if (bindings.length === 0) return [own];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, PublicPort: Number(HostPort), ...own }));
  });
}

function showHealth({ health }: ContainerRecord): string {
  if (health === null) return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

/** "Up 2 hours (Paused)", "Exited (137) 3 minutes ago": what people read, and where a list tells the exit code. */
function showStatus(daemon: Daemon, container: ContainerRecord): string {
  const now = daemon.time.nowNs();
  const since = (from: bigint | null): string => humanDuration(from === null || from > now ? 0n : now - from);
  switch (listedStatus(container)) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(container.started_ns)}${showHealth(container)}`;
    case "paused":
      return `Up ${since(container.started_ns)} (Paused)`;
    case "restarting":
      return `Restarting (${container.exit_code}) ${since(container.finished_ns)} ago`;
    case "exited":
      return `Exited (${container.exit_code}) ${since(container.finished_ns)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
  }
}
