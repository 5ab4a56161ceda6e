import { existsSync } from "node:fs";
import { findCommand } from "./command-path.ts";
import { ENGINE_GENERATIONS, GENERATION_TRAITS, type EngineGeneration } from "./generations.ts";
import { hostSuite, isRootFileSystem, rootFileSystemOf } from "./root-file-system.ts";
import { CommandError, runCommand } from "./run-command.ts";

/** What a fleet could be made of on this machine as it is. */
export interface FleetCapabilities {
  /** The generations of engine that `startFleet` can start. */
  generations: EngineGeneration[];
  /** For what can't be had: a sentence that says what, why, and how to get it. */
  gaps: string[];
}

/** Of engines that a machine can have, only these are wanted: `BERTH_TEST_GENERATIONS=20.10,28.5`. */
const wanted = process.env["BERTH_TEST_GENERATIONS"]?.split(",");
const unknown = wanted?.filter((name) => !ENGINE_GENERATIONS.some((generation) => generation === name)) ?? [];
if (unknown.length > 0) {
  throw new Error(`BERTH_TEST_GENERATIONS: ${unknown.join(", ")} is none of ${ENGINE_GENERATIONS.join(", ")}`);
}

/** Looks, and changes nothing. */
export async function findCapabilities(): Promise<FleetCapabilities> {
  const obstacle = findObstacle() ?? (await describeMissingCommands()) ?? (await whyNoNamespaces());
  if (obstacle !== null) return { generations: [], gaps: [`no real Docker engines: ${obstacle}`] };

  const generations: EngineGeneration[] = [];
  const gaps: string[] = [];
  for (const generation of ENGINE_GENERATIONS) {
    if (wanted && !wanted.includes(generation)) continue;
    const root = await rootFileSystemOf(generation);
    if (root === null || isRootFileSystem(root)) generations.push(generation);
    else gaps.push(`no engine of Docker ${generation}: ${root} is not there; npm test makes it as root on Debian`);
  }
  return { generations, gaps };
}

/** What no package mends; null where nothing stands in the way. */
export function findObstacle(): string | null {
  if (process.platform !== "linux") return "they run on Linux only; the simulated engine stands in for them here";
  if (process.getuid?.() !== 0) return "they need root; npm test as root on Debian installs and runs them";
  return null;
}

/**
 * What the example programs of the API are written with, what the console is shown in, what reads the join script as a
 * linter, and what a server is reached by over ssh: the tests that need one are skipped where it is not there.
 */
const OTHER_COMMANDS = [
  { command: "chromium", debianPackage: "chromium" },
  { command: "curl", debianPackage: "curl" },
  { command: "jq", debianPackage: "jq" },
  { command: "python3", debianPackage: "python3" },
  { command: "shellcheck", debianPackage: "shellcheck" },
  { command: "sshd", debianPackage: "openssh-server" },
];

/** OpenSSH's own clients, with which the ssh gateway is tried. */
const SSH_COMMANDS = ["ssh", "scp", "sftp", "ssh-keygen"];

/** The Debian packages to install for a whole fleet and what other tests run, as far as they are missing. */
export async function listMissingPackages(): Promise<string[]> {
  const packages = new Set((await listMissingCommands()).map(({ debianPackage }) => debianPackage));
  // An engine of this machine's own release needs no root file system, so it is the cheapest to have.
  const isOwnRelease = ENGINE_GENERATIONS.some((generation) => GENERATION_TRAITS[generation].suite === hostSuite());
  if (isOwnRelease && findCommand("dockerd") === null) packages.add("docker.io");
  if (findCommand("debootstrap") === null) packages.add("debootstrap");
  for (const { command, debianPackage } of OTHER_COMMANDS) {
    if (findCommand(command) === null) packages.add(debianPackage);
  }
  return [...packages].toSorted();
}

async function listMissingCommands(): Promise<{ command: string; debianPackage: string }[]> {
  const needed = [
    { command: "docker", debianPackage: hostSuite() === "bookworm" ? "docker.io" : "docker-cli" },
    { command: "docker-registry", debianPackage: "docker-registry" },
    // Engines fetch repositories to build from with it, and the tests make some.
    { command: "git", debianPackage: "git" },
    { command: "flock", debianPackage: "util-linux" },
    { command: "ip", debianPackage: "iproute2" },
    { command: "iptables", debianPackage: "iptables" },
    { command: "nsenter", debianPackage: "util-linux" },
    { command: "openssl", debianPackage: "openssl" },
    ...SSH_COMMANDS.map((command) => ({ command, debianPackage: "openssh-client" })),
    { command: "tar", debianPackage: "tar" },
    { command: "unshare", debianPackage: "util-linux" },
  ];
  const missing = needed.filter(({ command }) => findCommand(command) === null);
  if (!(await hasStaticBusybox())) missing.push({ command: "busybox (static)", debianPackage: "busybox-static" });
  return missing;
}

async function describeMissingCommands(): Promise<string | null> {
  const missing = await listMissingCommands();
  if (missing.length === 0) return null;
  const commands = missing.map(({ command }) => command).join(", ");
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))].join(" ");
  return `missing commands: ${commands}; on Debian: apt-get install ${packages}`;
}

/** The test image holds nothing but busybox, so it must not need a library. */
async function hasStaticBusybox(): Promise<boolean> {
  if (!existsSync("/bin/busybox")) return false;
  return succeeds("busybox", ["chroot", "/bin", "/busybox", "true"]);
}

async function whyNoNamespaces(): Promise<string | null> {
  const namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork"];
  const isAllowed = await succeeds("unshare", [...namespaces, "mount", "-t", "tmpfs", "tmpfs", "/run"]);
  return isAllowed ? null : "this root may not make namespaces; run outside of a container, or in a privileged one";
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    await runCommand(command, args);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
