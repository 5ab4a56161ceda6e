import { existsSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where an engine puts the cgroups of its containers, in every hierarchy of this machine. */
export function cgroupParent(fleetNumber: number, engineIndex: number): string {
  return `/berth-testbed-${fleetNumber}-${engineIndex}`;
}

/** Lets paused containers go on, for a frozen process can't even be killed. */
export function thawCgroups(fleetNumber: number): void {
  for (const folder of cgroupsOf(fleetNumber).flatMap(listTree)) {
    // Version 1 and version 2 name it differently; a cgroup may go away meanwhile.
    for (const [file, value] of [
      ["freezer.state", "THAWED"],
      ["cgroup.freeze", "0"],
    ] as const) {
      if (existsSync(join(folder, file))) writeFileSync(join(folder, file), value);
    }
  }
}

/** Removes what the fleet's engines left in the cgroup hierarchies, which outlive every process. All must have ended. */
export function removeCgroups(fleetNumber: number): void {
  for (const folder of cgroupsOf(fleetNumber)) removeTree(folder);
}

function cgroupsOf(fleetNumber: number): string[] {
  const root = "/sys/fs/cgroup";
  // Version 2 has one hierarchy at the root, version 1 one in each folder of it.
  const hierarchies = [root, ...listFolders(root).map((name) => join(root, name))];
  return hierarchies.flatMap((hierarchy) =>
    listFolders(hierarchy)
      .filter((name) => name.startsWith(`berth-testbed-${fleetNumber}-`))
      .map((name) => join(hierarchy, name)),
  );
}

const listTree = (folder: string): string[] => [
  folder,
  ...listFolders(folder).flatMap((name) => listTree(join(folder, name))),
];

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
