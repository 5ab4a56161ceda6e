import { existsSync, mkdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeCgroups, thawCgroups } from "./cgroups.ts";
import { FLEETS_LOCK, listFleets, readFleetOwner, TRASH, type FleetDirectory } from "./fleet-directory.ts";
import { withLock } from "./lock.ts";
import { removeNetwork } from "./network.ts";
import { isAlive, killProcess, readBootId } from "./process-identity.ts";
import { closeRecords } from "./recorded-process.ts";
import { waitUntil } from "./wait-until.ts";

/** The watchdog's name among a fleet's recorded processes. */
export const WATCHDOG = "watchdog";

/** Takes one fleet away, whatever state it is in. Nothing happens where another process has done it before. */
export async function tearDownFleet(fleet: FleetDirectory): Promise<void> {
  await withLock(FLEETS_LOCK, async () => {
    if (existsSync(fleet.path)) await dismantle(fleet);
  });
  await emptyTrash();
}

/** Takes away what fleets left behind whose owner has died together with their watchdog, or in an earlier boot. */
export async function sweepDeadFleets(): Promise<void> {
  await withLock(FLEETS_LOCK, async () => {
    for (const fleet of listFleets()) {
      const owner = readFleetOwner(fleet);
      if (!owner || !isAlive(owner)) await dismantle(fleet);
    }
  });
  await emptyTrash();
}

/** Leaves nothing of the fleet but files in the trash. Call with {@link FLEETS_LOCK} held. */
async function dismantle(fleet: FleetDirectory): Promise<void> {
  const owner = readFleetOwner(fleet);
  if (owner?.boot_id === readBootId()) await endProcesses(fleet); // else the records name other boots' pids
  await removeNetwork(fleet.number);
  removeCgroups(fleet.number);
  mkdirSync(TRASH, { recursive: true, mode: 0o700 });
  renameSync(fleet.path, join(TRASH, basename(fleet.path)));
}

/**
 * Each engine lives in namespaces of its own: the kernel ends all that is in a pid namespace with its first process,
 * unmounts a mount namespace and drops a network namespace with their last. So the few processes on record take
 * dockerd, containerd and every container with them.
 */
async function endProcesses(fleet: FleetDirectory): Promise<void> {
  const processes = closeRecords(fleet)
    .filter(({ name }) => name !== WATCHDOG) // it ends by itself, and it may be the one that does this
    .map(({ identity }) => identity);
  for (const identity of processes) killProcess(identity);
  thawCgroups(fleet.number);
  await waitUntil(`the processes of ${fleet.path} to end`, 30_000, () => !processes.some(isAlive));
}

async function emptyTrash(): Promise<void> {
  await rm(TRASH, { recursive: true, force: true, maxRetries: 5 });
}
