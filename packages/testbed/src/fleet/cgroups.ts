import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** Where an engine puts the cgroups of its containers, in every hierarchy of this machine. */
export function cgroupParent(fleetNumber: number, engineIndex: number): string {
  return `/berth-testbed-${fleetNumber}-${engineIndex}`;
}

/** Removes what the fleet's engines left in the cgroup hierarchies, which outlive every process. All must have ended. */
export function removeCgroups(fleetNumber: number): void {
  const root = "/sys/fs/cgroup";
  // Version 2 has one hierarchy at the root, version 1 one in each folder of it.
  const hierarchies = [root, ...listFolders(root).map((name) => join(root, name))];
  for (const hierarchy of hierarchies) {
    for (const name of listFolders(hierarchy)) {
      if (name.startsWith(`berth-testbed-${fleetNumber}-`)) removeTree(join(hierarchy, name));
    }
  }
}

/** The files in a cgroup are the kernel's and go with it, so only folders are removed, from the bottom up. */
function removeTree(folder: string): void {
  for (const name of listFolders(folder)) removeTree(join(folder, name));
  rmdirSync(folder);
}

function listFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
