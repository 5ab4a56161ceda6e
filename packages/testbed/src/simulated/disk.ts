import type { Daemon } from "./daemon.ts";
import { DockerError } from "./docker-error.ts";
import type { MachineFacts } from "./machine-facts.ts";

/** Throws what Docker says when it is about to write below its folder, and the disk is full: Go's words for the path. */
export function needSpace(daemon: Daemon, verb: "mkdir" | "write" | "open", path: string): void {
  if (!daemon.faults.isDiskFull) return;
  throw new DockerError(500, `${verb} ${daemon.root_dir}/${path}: no space left on device`);
}

/** MiB. */
export function diskOf(daemon: Daemon): MachineFacts["disk"] {
  const { disk } = daemon.options.facts;
  return daemon.faults.isDiskFull ? { ...disk, free: 0 } : disk;
}
