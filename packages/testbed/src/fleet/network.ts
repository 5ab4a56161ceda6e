import { readdirSync } from "node:fs";
import { runCommand } from "./run-command.ts";

/** The fleet's own end of its network, which every engine reaches: its registry listens there. */
export function gatewayAddress(fleetNumber: number): string {
  return `10.77.${fleetNumber}.1`;
}

/** Engines take any registry on it without a certificate. */
export function fleetNetwork(fleetNumber: number): string {
  return `10.77.${fleetNumber}.0/24`;
}

export function engineAddress(fleetNumber: number, engineIndex: number): string {
  return `10.77.${fleetNumber}.${engineIndex + 2}`;
}

/** The same after every boot, as a server's: else what reached it before waits seconds for a stale ARP entry to go. */
function hardwareAddress(fleetNumber: number, engineIndex: number): string {
  return ["0a:4d:00:00", fleetNumber, engineIndex].map((part) => part.toString(16).padStart(2, "0")).join(":");
}

function bridgeName(fleetNumber: number): string {
  return `berth${fleetNumber}`;
}

/** What an engine's machine may be given instead, as by another lease. */
export const otherAddress = (fleetNumber: number, engineIndex: number): string =>
  engineAddress(fleetNumber, engineIndex + OTHERS_FROM);

const OTHERS_FROM = 100;

export async function createBridge(fleetNumber: number): Promise<void> {
  const bridge = bridgeName(fleetNumber);
  await ipBatch([
    `link add ${bridge} type bridge`,
    `addr add ${gatewayAddress(fleetNumber)}/24 dev ${bridge}`,
    `link set ${bridge} up`,
  ]);
}

/**
 * Plugs the network namespace of process `pid` into the fleet's bridge. The link goes when the namespace goes, that is
 * with its last process.
 */
export async function connectToBridge(fleetNumber: number, engineIndex: number, pid: number): Promise<void> {
  const bridge = bridgeName(fleetNumber);
  const link = `${bridge}-${engineIndex}`;
  await removeLink(link); // of an earlier namespace, which the kernel takes down in its own time
  await ipBatch([
    `link add ${link} type veth peer name eth0 address ${hardwareAddress(fleetNumber, engineIndex)} netns ${pid}`,
    `link set ${link} master ${bridge}`,
    `link set ${link} up`,
  ]);
  await ipBatch(
    [
      "link set lo up",
      `addr add ${engineAddress(fleetNumber, engineIndex)}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${gatewayAddress(fleetNumber)}`,
    ],
    { command: "nsenter", args: [`--net=/proc/${pid}/ns/net`] },
  );
}

/** Removes the fleet's bridge and links, as far as they are there. */
export async function removeNetwork(fleetNumber: number): Promise<void> {
  for (const link of listLinks(fleetNumber)) await removeLink(link);
}

function listLinks(fleetNumber: number): string[] {
  const bridge = bridgeName(fleetNumber);
  return readdirSync("/sys/class/net").filter((name) => name === bridge || name.startsWith(`${bridge}-`));
}

async function removeLink(name: string): Promise<void> {
  const isThere = () => readdirSync("/sys/class/net").includes(name);
  if (!isThere()) return;
  try {
    await runCommand("ip", ["link", "del", name]);
  } catch (error) {
    if (isThere()) throw error; // else its namespace went away first, and took it along
  }
}

/** Runs many `ip` commands at once; `wrapper` is a command that runs another, as `nsenter` does. */
async function ipBatch(lines: string[], wrapper?: { command: string; args: string[] }): Promise<void> {
  const input = `${lines.join("\n")}\n`;
  if (wrapper) await runCommand(wrapper.command, [...wrapper.args, "ip", "-batch", "-"], { input });
  else await runCommand("ip", ["-batch", "-"], { input });
}
