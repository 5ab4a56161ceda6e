import { z } from "zod";
import { MachineId } from "./machine.ts";
import { isWithin, NORMAL_PATH, StorageName } from "./mount.ts";
import { PageInput } from "./page.ts";

/**
 * `home`: each user's own, a directory a user. `dataset`: one for all, and read-only. `scratch`: to write to, shared or
 * a directory a user; of all of them the one that nobody should count on.
 */
export const StorageKind = z.enum(["home", "dataset", "scratch"]);
export type StorageKind = z.infer<typeof StorageKind>;

/** What belongs to the machine, or to Docker: never given to a container, nor anything in it, nor what has it in it. */
const MACHINES_OWN =
  "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /root /run /sbin /sys /usr /var/lib/containerd /var/lib/docker /var/log /var/run".split(
    " ",
  );

/** A directory of the machine, which an admin has made for data. */
export const HostPath = z
  .string()
  .max(1_024)
  .regex(NORMAL_PATH, "An absolute path on the machine, without . or .. or a slash at its end; not / itself.")
  .check(({ value, issues }) => {
    const own = MACHINES_OWN.find((folder) => isWithin(value, folder) || isWithin(folder, value));
    if (own === undefined) return;
    const message = `${own} belongs to the machine itself: choose a directory for data alone, such as /srv/homes.`;
    issues.push({ code: "custom", message, input: value });
  });

const DisplayName = z.string().min(1).max(100);
const Description = z.string().max(4_000);

export const StorageRef = z.object({ storage_id: z.int32().positive() });

export const CreateStorageInput = z.strictObject({
  /** One name may stand for a storage on each of several machines, of one kind, or for one on every machine. */
  name: StorageName,
  display_name: DisplayName.optional(),
  description: Description.optional(),
  kind: StorageKind,
  /** A directory a user. A `home` always has that, a `dataset` never; of a `scratch` the default is one for all. */
  per_user: z.boolean().optional(),
  /** Left out, it is on every machine. */
  machine_id: MachineId.optional(),
  /** Left out, Berth keeps it in volumes of the machine's Docker. */
  path: HostPath.optional(),
});
export type CreateStorageInput = z.infer<typeof CreateStorageInput>;

/** What is left out is not changed. Where the data is can't change while containers use it. */
export const UpdateStorageInput = z.strictObject({
  ...StorageRef.shape,
  display_name: DisplayName.nullable().optional(),
  description: Description.nullable().optional(),
  kind: StorageKind.optional(),
  per_user: z.boolean().optional(),
  /** Null is every machine. */
  machine_id: MachineId.nullable().optional(),
  /** Null is a volume. */
  path: HostPath.nullable().optional(),
});
export type UpdateStorageInput = z.infer<typeof UpdateStorageInput>;

export const ListStoragesInput = PageInput.extend({
  /** Only what a container there can have. */
  machine_id: MachineId.optional(),
});
export type ListStoragesInput = z.infer<typeof ListStoragesInput>;

export const Storage = z.object({
  storage_id: z.int(),
  name: z.string(),
  display_name: z.string().nullable(),
  description: z.string().nullable(),
  kind: StorageKind,
  per_user: z.boolean(),
  /** Null is every machine. */
  machine_id: z.string().nullable(),
  source: z.enum(["path", "volume"]),
  /** Null for a volume, and for who is no admin. */
  path: z.string().nullable(),
  created_at: z.iso.datetime(),
});
export type Storage = z.infer<typeof Storage>;
