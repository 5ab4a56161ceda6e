import type { Daemon } from "../daemon.ts";
import type { HostConfig } from "../wire.ts";
import type { ContainerRecord } from "./container-record.ts";
import { showNetworkMode } from "./show-network.ts";

/** What an engine shows of a HostConfig in which nothing was asked for. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  PortBindings: null,
  RestartPolicy: { Name: "", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 64 * 1024 * 1024,
  Runtime: "runc",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: [
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
  ],
  ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
};

const MODERN_DEFAULTS: Readonly<Record<string, unknown>> = {
  MaskedPaths: [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
  ],
};
const OLD_DEFAULTS: Readonly<Record<string, unknown>> = { KernelMemory: 0, KernelMemoryTCP: 0 };

/** What was asked for, over the defaults of this generation of Docker. */
export function showHostConfig(daemon: Daemon, container: ContainerRecord): unknown {
  const { Mounts, ...host } = container.host;
  const mounts = (Mounts ?? []).filter((mount) => mount["IsImplied"] !== true);
  const all = mounts.length > 0 ? { ...host, Mounts: mounts.map(showMount) } : host;
  const asked = Object.entries(all).filter(([name, value]) => isAsked(name, value));
  return {
    ...DEFAULTS,
    ...(daemon.generation.isModern ? MODERN_DEFAULTS : OLD_DEFAULTS),
    ...Object.fromEntries(asked),
    NetworkMode: showNetworkMode(daemon, container),
  };
}

/** What is not read-only says nothing of it. */
function showMount({ ReadOnly, ...mount }: NonNullable<HostConfig["Mounts"]>[number]): object {
  return ReadOnly ? { ...mount, ReadOnly } : mount;
}

/** Clients send empty values for what they leave to the engine. */
function isAsked(name: string, value: unknown): boolean {
  if (value === null || value === undefined) return false;
  const isEmpty = value === "" || value === 0 || (name === "LogConfig" && (value as { Type?: string }).Type === "");
  return !isEmpty || DEFAULTS[name] === undefined;
}
