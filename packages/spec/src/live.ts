import { z } from "zod";

/** Something that a caller may see is not what it was: fetch it again. */
export const Change = z.object({
  noun: z.enum(["container", "image", "machine", "user", "settings"]),
  /** Null: any of them may have changed, as after a time in which changes were lost. */
  id: z.string().nullable(),
});
export type Change = z.infer<typeof Change>;

export const CHANGED_NOUNS = Change.shape.noun.options;

/** One reading of a running container, about every two seconds. */
export const ContainerStats = z.object({
  at: z.iso.datetime(),
  /** Cores in use; null at the first reading. */
  cpu_cores: z.number().nullable(),
  /** Bytes, as `docker stats` shows it: without the file cache. */
  memory: z.int(),
  /** Bytes: the container's limit, or what the machine has. */
  memory_limit: z.int(),
  pids: z.int(),
});
export type ContainerStats = z.infer<typeof ContainerStats>;
