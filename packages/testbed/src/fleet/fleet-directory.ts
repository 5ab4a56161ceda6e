import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { ownIdentity, ProcessIdentity } from "./process-identity.ts";

/** Everything of every fleet on this machine. Not a temporary folder: overlay2 needs a real file system below it. */
const FLEETS_ROOT = "/var/lib/berth-testbed";
/** Held while a fleet is claimed or taken away, so that no two processes do either at once. */
export const FLEETS_LOCK = join(FLEETS_ROOT, "lock");
const FLEETS = join(FLEETS_ROOT, "fleets");
/** Folders of fleets that are gone but for their files. */
export const TRASH = join(FLEETS_ROOT, "trash");

/**
 * One fleet's folder, `fleets/NUMBER-ID`. All that a fleet leaves outside of it (network links, cgroups) is named after
 * its number, and every process of it writes itself down in `pids` before it does anything: the folder is enough to take
 * the fleet away, whoever does it.
 */
export interface FleetDirectory {
  path: string;
  /** N of the network 10.77.N.0/24; no two fleets have the same at one time. */
  number: number;
}

/** Call with {@link FLEETS_LOCK} held. */
export function listFleets(): FleetDirectory[] {
  mkdirSync(FLEETS, { recursive: true, mode: 0o700 });
  return readdirSync(FLEETS).map((name) => ({ path: join(FLEETS, name), number: Number.parseInt(name, 10) }));
}

/** Takes the first free number. Call with {@link FLEETS_LOCK} held. */
export function claimFleetDirectory(): FleetDirectory {
  const taken = new Set(listFleets().map((fleet) => fleet.number));
  for (const address of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])) {
    const match = /^10\.77\.(\d+)\./.exec(address.address);
    if (match) taken.add(Number(match[1]));
  }
  const number = Array.from({ length: 254 }, (_, index) => index + 1).find((candidate) => !taken.has(candidate));
  if (number === undefined) throw new Error("254 fleets run on this machine already");

  const path = join(FLEETS, `${number}-${randomBytes(4).toString("hex")}`);
  mkdirSync(join(path, "pids"), { recursive: true, mode: 0o700 });
  writeFileSync(join(path, "owner.json"), JSON.stringify(ownIdentity()));
  return { path, number };
}

/** The process that started the fleet; null where it was killed before it could write itself down. */
export function readFleetOwner(fleet: FleetDirectory): ProcessIdentity | null {
  const file = join(fleet.path, "owner.json");
  return existsSync(file) ? ProcessIdentity.parse(JSON.parse(readFileSync(file, "utf8"))) : null;
}
