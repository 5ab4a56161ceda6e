import type { Call, Reply } from "../http/call.ts";

const KERNEL = "6.1.0-simulated";

export function version({ daemon: { generation } }: Call): Reply {
  const own = {
    ApiVersion: generation.api_version,
    Arch: "amd64",
    BuildTime: generation.build_time,
    GitCommit: generation.git_commit,
    GoVersion: generation.go_version,
    KernelVersion: KERNEL,
    MinAPIVersion: generation.min_api_version,
    Os: "linux",
  };
  const json = {
    Platform: { Name: "Berth simulated engine" },
    Components: [
      { Name: "Engine", Version: generation.server_version, Details: { ...own, Experimental: "false" } },
      { Name: "containerd", Version: generation.containerd_version, Details: { GitCommit: "" } },
      { Name: "runc", Version: generation.runc_version, Details: { GitCommit: "" } },
      { Name: "docker-init", Version: "0.19.0", Details: { GitCommit: "" } },
    ],
    Version: generation.server_version,
    ...own,
  };
  return { status: 200, json };
}
