import type { ResolvedMount } from "@berth/db/storages/resolve-mounts.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { DIRECTORY_SYSTEM, LABEL, STORAGE_LABEL } from "@berth/spec/engine-names.ts";
import type { ContainerRun } from "./container-run.ts";

/** An engine refuses it: nothing but another spec, or an admin, can mend it. */
const refused = (message: string): EngineError => new EngineError("rejected", message, { status: 400 });

/**
 * What a container is to have mounted and an engine does not make by itself, or not with our labels. Throws `rejected` for
 * a storage that is not on the machine, and for a volume that is not this Berth's.
 */
export async function prepareVolumes({ session, known }: ContainerRun): Promise<void> {
  const { installation } = session.owner;
  for (const { storage, source } of known.row.mounts) {
    if (source === null) throw refused(`The storage ${storage} is not on this machine any more.`);
    if (source.type !== "volume") continue;
    const labels = { [LABEL.installation]: installation, [STORAGE_LABEL]: storage };
    const volume = await session.mutate(() => session.engine.createVolume(source.name, labels));
    if (volume.labels[LABEL.installation] === installation) continue;
    throw refused(`The volume ${volume.name} is there and not Berth's: an admin looks what it is.`);
  }
}

/**
 * Makes what a refused create has found missing, where that is one user's directory, so that the create can be tried again.
 * Otherwise throws what a person should read of it.
 */
export async function makeMissingDirectory({ session, known, desired }: ContainerRun, error: unknown): Promise<void> {
  const mount = findMissing(error, known.row.mounts);
  if (!mount) throw error;
  const absent = refused(`The directory of the storage ${mount.storage} is not on this machine: an admin makes it.`);
  const { source } = mount;
  if (source?.type !== "directory" || source.made_in === null) throw absent;
  const { parent, name } = source.made_in;
  try {
    await session.mutate(() =>
      session.engine.makeDirectory({
        parent,
        name,
        image: desired.image.reference,
        container: `berth-system-directory-${known.row.uid.slice(0, 8)}`,
        labels: { [LABEL.installation]: session.owner.installation, [LABEL.system]: DIRECTORY_SYSTEM },
      }),
    );
  } catch (failure) {
    throw missingPath(failure) === null ? failure : absent;
  }
}

function findMissing(error: unknown, mounts: readonly ResolvedMount[]): ResolvedMount | undefined {
  const path = missingPath(error);
  return mounts.find(({ source }) => source?.type === "directory" && source.path === path);
}

/** Of the directory that an engine says is not there, as all generations word it (moby volume/mounts/validate.go). */
function missingPath(error: unknown): string | null {
  if (!(error instanceof EngineError && error.kind === "rejected")) return null;
  return /bind source path does not exist: (\/[^\n]*)$/.exec(error.message)?.[1] ?? null;
}
