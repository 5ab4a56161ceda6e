import { EngineError } from "@berth/docker/engine.ts";
import { LABEL, MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import type { Identity, MachineSession } from "./machine-session.ts";

/**
 * Is this the engine whose containers we recorded? A volume on its disk says so: engine ids are shared by cloned disks and
 * by daemons on one host. A marker that is missing is written again where a container that we recorded is there, or where
 * we never recorded one; otherwise a data disk may simply not be mounted, and nothing is done.
 */
export async function readIdentity(session: MachineSession): Promise<Identity> {
  const marker = await readMarker(session);
  if (marker === session.row.marker_uuid) return { state: "confirmed" };
  if (marker !== null) {
    return mismatch(
      `The engine at ${session.row.url} is not the one that was added: its disk bears another mark. If the machine was ` +
        `reinstalled, remove it and add it again; if its address changed, correct the address.`,
    );
  }
  const recorded = [...session.containers.values()].flatMap(({ row }) => [
    ...(row.status.engine_id === null ? [] : [row.status.engine_id]),
    ...row.held.map((hold) => hold.engine_id),
  ]);
  if (recorded.length > 0) {
    const listed = await session.read(() =>
      session.engine.listContainers({ labels: { [LABEL.installation]: session.owner.installation } }),
    );
    if (!listed.some((container) => recorded.includes(container.id))) {
      return mismatch(
        `None of the ${recorded.length} containers that are known on ${session.row.name} are there, and its disk bears no mark. ` +
          `Nothing is changed on it: see whether Docker's data disk is mounted.`,
      );
    }
  }
  return writeMarker(session);
}

const mismatch = (message: string): Identity => ({ state: "mismatch", message });

async function readMarker(session: MachineSession): Promise<string | null> {
  try {
    const volume = await session.read(() => session.engine.inspectVolume(MARKER_VOLUME));
    return volume.labels[MARKER_LABEL] ?? "";
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return null;
    throw error;
  }
}

async function writeMarker(session: MachineSession): Promise<Identity> {
  session.fence();
  const labels = { [MARKER_LABEL]: session.row.marker_uuid };
  const volume = await session.read(() => session.engine.createVolume(MARKER_VOLUME, labels));
  session.log.info("wrote the marker that tells this engine's disk from another's");
  // The name is a mutex: another writer's marker comes back as it is.
  return volume.labels[MARKER_LABEL] === session.row.marker_uuid
    ? { state: "confirmed" }
    : mismatch(`Another Berth marked the engine at ${session.row.url} at the same moment.`);
}
