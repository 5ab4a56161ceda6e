import { z } from "zod";

/** Also part of a volume's name, in which a dot follows it. */
export const StorageName = z
  .string()
  .max(32)
  .regex(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
    "A storage is named by a-z, 0-9 and single - between them, starting with a letter.",
  );

/** One place in a file system, written in one way only: equal places are equal texts. */
export const NORMAL_PATH = /^(\/(?!\.{1,2}(\/|$))[^/\p{Cc}]+)+$/u;

/** What the kernel, the engine or Berth itself puts into a container. */
const TAKEN = ["/proc", "/sys", "/dev", "/berth"];

export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const MountPath = z
  .string()
  .max(1_024)
  .regex(NORMAL_PATH, "An absolute path in the container, without . or .. or a slash at its end; not / itself.")
  .refine((path) => !TAKEN.some((folder) => isWithin(path, folder)), `Not in ${TAKEN.join(", ")}.`);

/** What its user chose to have where in the container. Where that data is, the storage of this name says. */
export const Mount = z.strictObject({
  storage: StorageName,
  path: MountPath,
  /** A `dataset` is read-only in any case. */
  read_only: z.boolean().default(false),
});
export type Mount = z.infer<typeof Mount>;

export const Mounts = z
  .array(Mount)
  .max(16)
  .check(({ value, issues }) => {
    for (const [index, { path }] of value.entries()) {
      const other = value.slice(0, index).find((one) => isWithin(path, one.path) || isWithin(one.path, path));
      if (!other) continue;
      const message = `${path} and ${other.path}: one mount can't lie in another.`;
      issues.push({ code: "custom", path: [index, "path"], message, input: path });
    }
  });
