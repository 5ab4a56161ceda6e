import { diskOf } from "../disk.ts";
import { formatNs } from "../engine-time.ts";
import type { Call, Reply } from "../http/call.ts";
import { coresOf, factLabels } from "../machine-facts.ts";

/** `GET /info`: Docker's own fields, and labels that say that nothing here is real. */
export async function info({ daemon }: Call): Promise<Reply> {
  const { generation, options } = daemon;
  const containers = [...daemon.containers.values()];
  const count = (...statuses: string[]): number => containers.filter(({ status }) => statuses.includes(status)).length;
  await daemon.takes("info");
  const json = {
    ID: options.engine_id,
    Containers: containers.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: count("created", "exited", "dead", "removing"),
    Images: daemon.images.byId.size,
    Driver: "overlay2",
    DriverStatus: [["Backing Filesystem", "extfs"]],
    Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: ["json-file"] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 24,
    OomKillDisable: true,
    NGoroutines: 40,
    SystemTime: formatNs(daemon.time.nowNs()),
    LoggingDriver: "json-file",
    CgroupDriver: "systemd",
    CgroupVersion: "2",
    NEventsListener: daemon.events.listenerCount,
    KernelVersion: "6.1.0-simulated",
    OperatingSystem: generation.operating_system,
    OSVersion: "",
    OSType: "linux",
    Architecture: "x86_64",
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: ["127.0.0.0/8"], IndexConfigs: {}, Mirrors: null },
    NCPU: coresOf(options.facts),
    MemTotal: options.facts.memory * 1024 * 1024,
    GenericResources: null,
    DockerRootDir: daemon.root_dir,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: options.name,
    Labels: factLabels({ ...options.facts, disk: diskOf(daemon) }),
    ExperimentalBuild: false,
    ServerVersion: generation.server_version,
    Runtimes: {
      runc: { path: "runc" },
      "io.containerd.runc.v2": { path: "runc" },
      ...(options.facts.gpus.length > 0 && { nvidia: { path: "nvidia-container-runtime" } }),
    },
    DefaultRuntime: "runc",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "docker-init",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: ["name=seccomp,profile=builtin"],
    Warnings: null,
  };
  return { status: 200, json };
}
