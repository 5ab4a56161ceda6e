import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { HostConfig } from "../wire.ts";
import { checkLimits } from "./check-limits.ts";

const POLICIES = ["", "no", "always", "on-failure", "unless-stopped"];
const LOG_OPTIONS = ["max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"];
const RUNTIMES = ["runc", "io.containerd.runc.v2"];

/** Throws what Docker says of a HostConfig that it refuses. */
export function checkHostConfig(daemon: Daemon, host: HostConfig): void {
  checkRestartPolicy(daemon, host);
  checkLimits(daemon, host);
  for (const bindings of Object.values(host.PortBindings ?? {})) {
    for (const { HostPort } of bindings ?? []) {
      const isPort = /^\d*$/.test(HostPort) && Number(HostPort) <= 65_535;
      if (!isPort) throw new DockerError(400, `invalid port specification: "${HostPort}"`);
    }
  }
  const unknown = Object.keys(host.LogConfig?.Config ?? {}).find((option) => !LOG_OPTIONS.includes(option));
  if (host.LogConfig?.Type === "json-file" && unknown) {
    throw new DockerError(400, `unknown log opt '${unknown}' for json-file log driver`);
  }
  if (host.Runtime && !RUNTIMES.includes(host.Runtime)) {
    const words = daemon.generation.isModern ? "unknown or invalid runtime name:" : "Unknown runtime specified";
    throw new DockerError(400, `${words} ${host.Runtime}`);
  }
}

function checkRestartPolicy({ generation: { isModern } }: Daemon, { RestartPolicy: policy }: HostConfig): void {
  if (!policy) return;
  const { Name, MaximumRetryCount } = policy;
  if (!POLICIES.includes(Name)) {
    const words = `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`;
    throw new DockerError(400, isModern ? words : `invalid restart policy '${Name}'`);
  }
  if (MaximumRetryCount !== 0 && Name !== "on-failure") {
    const words = "invalid restart policy: maximum retry count can only be used with 'on-failure'";
    throw new DockerError(400, isModern ? words : `maximum retry count cannot be used with restart policy '${Name}'`);
  }
}
