import type { Daemon } from "./daemon.ts";
import { DockerError } from "./docker-error.ts";
import type { MachineFacts } from "./machine-facts.ts";

/** Throws what Docker says when it is about to write below its folder, and the disk is full: Go's words for the path. */
export function needSpace(daemon: Daemon, verb: "mkdir" | "write", path: string): void {
  if (!daemon.faults.isDiskFull) return;
  throw new DockerError(500, `${verb} ${daemon.root_dir}/${path}: no space left on device`);
}

/** What a container is, is written down anew with every change of it. */
export function needSpaceForState(daemon: Daemon, containerId: string): void {
  needSpace(daemon, "write", `containers/${containerId}/.tmp-config.v2.json1`);
}

/** MiB. */
export function diskOf(daemon: Daemon): MachineFacts["disk"] {
  const { disk } = daemon.options.facts;
  return daemon.faults.isDiskFull ? { ...disk, free: 0 } : disk;
}
