import { storageVolumeOf } from "@berth/spec/engine-names.ts";
import type { Mount } from "@berth/spec/mount.ts";
import { StorageKind } from "@berth/spec/storage.ts";
import { z } from "zod";

/** As `mountedStorages` gives it. */
export const MountedStorage = z.object({
  name: z.string(),
  kind: StorageKind,
  per_user: z.boolean(),
  /** On the machine; null is a volume of its Docker. */
  path: z.string().nullable(),
});
export type MountedStorage = z.infer<typeof MountedStorage>;

/** Where on a machine the data of a mount is. */
export type MountSource =
  /** `parent` is the admin's directory, in which `name` may have to be made; the other one is there, or is not to be used. */
  | { type: "directory"; path: string; made_in: { parent: string; name: string } | null }
  | { type: "volume"; name: string };

export interface ResolvedMount {
  storage: string;
  /** In the container. */
  path: string;
  kind: StorageKind | null;
  read_only: boolean;
  /** Null where there is no such storage on the machine. */
  source: MountSource | null;
}

/** What a container of `account` has mounted where. A dataset is read-only, whatever was asked for. */
export const resolveMounts = (
  mounts: readonly Mount[],
  storages: readonly MountedStorage[],
  account: string,
): ResolvedMount[] =>
  mounts.map(({ storage: name, path, read_only }) => {
    const storage = storages.find((one) => one.name === name);
    return {
      storage: name,
      path,
      kind: storage?.kind ?? null,
      read_only: read_only || storage?.kind === "dataset",
      source: storage ? sourceOf(storage, account) : null,
    };
  });

function sourceOf({ name, per_user, path }: MountedStorage, account: string): MountSource {
  if (path === null) return { type: "volume", name: storageVolumeOf(name, per_user ? account : null) };
  if (!per_user) return { type: "directory", path, made_in: null };
  return { type: "directory", path: `${path}/${account}`, made_in: { parent: path, name: account } };
}
