import type { Daemon } from "../daemon.ts";
import { formatNs } from "../engine-time.ts";
import { type Call, isSet, type Reply } from "../http/call.ts";
import { networkNameOf } from "../system/networks.ts";
import { type ContainerRecord, isRunning, withLock } from "./container-record.ts";
import { showHostConfig } from "./show-host-config.ts";
import { showMounts } from "./show-mounts.ts";
import { showSizes } from "./show-sizes.ts";
import { showEndpoint, showNetworks } from "./show-network.ts";

/** `GET /containers/:id/json`: waits for the container's lock, as a real engine does. */
export async function inspectContainer({ daemon, params, query }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  return withLock(container, async () => {
    await daemon.takes("inspect");
    return {
      status: 200,
      json: { ...show(daemon, container), ...(isSet(query, "size") ? showSizes(daemon, container) : {}) },
    };
  });
}

function show(daemon: Daemon, container: ContainerRecord): object {
  const [path = "", ...args] = [...(container.config.Entrypoint ?? []), ...(container.config.Cmd ?? [])];
  const folder = container.started_ns === null ? null : `${daemon.root_dir}/containers/${container.id}`;
  const inFolder = (name: string): string => (folder ? `${folder}/${name}` : "");
  return {
    Id: container.id,
    Created: formatNs(container.created_ns),
    Path: path,
    Args: args,
    State: showState(container),
    Image: container.image_id,
    ResolvConfPath: inFolder("resolv.conf"),
    HostnamePath: inFolder("hostname"),
    HostsPath: inFolder("hosts"),
    LogPath: inFolder(`${container.id}-json.log`),
    Name: `/${container.name}`,
    RestartCount: container.restart_count,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: container.exec_ids.length > 0 ? container.exec_ids : null,
    HostConfig: showHostConfig(daemon, container),
    GraphDriver: { Data: null, Name: "overlay2" },
    Mounts: showMounts(daemon, container),
    Config: showConfig(container),
    NetworkSettings: showNetworkSettings(daemon, container),
  };
}

function showState(container: ContainerRecord): unknown {
  return {
    Status: container.status,
    Running: isRunning(container),
    Paused: container.status === "paused",
    Restarting: container.status === "restarting",
    OOMKilled: false,
    Dead: container.status === "dead",
    Pid: container.pid,
    ExitCode: container.exit_code,
    Error: container.error,
    StartedAt: formatNs(container.started_ns),
    FinishedAt: formatNs(container.finished_ns),
    ...(container.health && { Health: { Status: container.health, FailingStreak: 0, Log: [] } }),
  };
}

function showConfig({ id, config }: ContainerRecord): unknown {
  return {
    Hostname: config.Hostname || id.slice(0, 12),
    Domainname: config.Domainname ?? "",
    User: config.User ?? "",
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    ...(Object.keys(config.ExposedPorts ?? {}).length > 0 ? { ExposedPorts: config.ExposedPorts } : {}),
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env && config.Env.length > 0 ? config.Env : null,
    Cmd: config.Cmd ?? null,
    Image: config.Image,
    Volumes: Object.keys(config.Volumes ?? {}).length > 0 ? config.Volumes : null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: null,
    Labels: config.Labels ?? {},
    ...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
    ...(typeof config.StopTimeout === "number" ? { StopTimeout: config.StopTimeout } : {}),
  };
}

function showNetworkSettings(daemon: Daemon, container: ContainerRecord): unknown {
  const { network } = container;
  const endpoint = networkNameOf(container) === "bridge" ? showEndpoint(daemon, container) : {};
  return {
    Bridge: "",
    SandboxID: network?.sandbox_id ?? "",
    SandboxKey: network ? `/var/run/docker/netns/${network.sandbox_id.slice(0, 12)}` : "",
    Ports: network?.host_ports ?? {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint["EndpointID"] ?? "",
    Gateway: endpoint["Gateway"] ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: endpoint["IPAddress"] ?? "",
    IPPrefixLen: endpoint["IPPrefixLen"] ?? 0,
    IPv6Gateway: "",
    MacAddress: endpoint["MacAddress"] ?? "",
    Networks: showNetworks(daemon, container),
  };
}
