import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readProcFile } from "./process-identity.ts";

/** Everything on this machine that still belongs to the fleet of `folder`, a line each: empty when it is gone. */
export function findResidue(folder: string): string[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return [
    ...(existsSync(folder) ? [`folder ${folder}`] : []),
    ...processes.flatMap((pid) => {
      const command = readProcFile(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ") ?? "";
      if (command.includes(folder)) return [`process ${pid}: ${command}`];
      // A container names no folder of the fleet, but the mounts that it sees do.
      return readMounts(pid).includes(folder) ? [`mounts of process ${pid}: ${command}`] : [];
    }),
    ...findNumbered(folder),
  ];
}

/**
 * What is named after the fleet's number alone. The number is free once its fleet is gone, and the next one to start takes
 * it: then all of this is that one's. While a bridge is left over, nobody is given its number.
 */
function findNumbered(folder: string): string[] {
  const number = Number.parseInt(basename(folder), 10);
  const links = new RegExp(`^berth${number}(-\\d+)?$`);
  const found = [
    ...readdirSync("/sys/class/net")
      .filter((name) => links.test(name))
      .map((name) => `link ${name}`),
    ...findCgroups(`berth-testbed-${number}-`),
  ];
  // Only now: another fleet's folder is there before its links are, and goes after them.
  const isAnothers = readdirSync(dirname(folder)).some(
    (name) => name.startsWith(`${number}-`) && name !== basename(folder),
  );
  return isAnothers ? [] : found;
}

/** Empty for a process that has ended, a zombie among them. */
function readMounts(pid: string): string {
  try {
    return readProcFile(`/proc/${pid}/mountinfo`) ?? "";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EINVAL") return "";
    throw error;
  }
}

function findCgroups(prefix: string): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = [root, ...readdirSync(root).map((name) => join(root, name))];
  return hierarchies
    .flatMap((hierarchy) => listNames(hierarchy).filter((name) => name.startsWith(prefix)))
    .map((name) => `cgroup ${name}`);
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw error;
  }
}
