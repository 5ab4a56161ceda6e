import { z } from "zod";

/** A reconciler tells how it does every few seconds; what is older is said to be old. */
export const HEALTH_STALE_MS = 15_000;

/** What a reconciler has to look at, by what it is. */
export const WorkKind = z.enum(["machine", "container", "image", "place", "probe", "registry"]);
export type WorkKind = z.infer<typeof WorkKind>;

const Work = z.object({
  kind: WorkKind,
  /** Of the object: a uid, a number, or a machine's id. */
  id: z.string(),
  machine_id: z.string().nullable(),
  ms: z.number(),
});

/** How a reconciler does, as it writes it into its row: a few kB, however much it looks after. */
export const ReconcilerHealth = z.object({
  version: z.string(),
  started_at: z.iso.datetime(),
  /** That it looks after. */
  machines: z.int(),
  queue: z.array(z.object({ kind: WorkKind, waiting: z.int(), running: z.int(), delayed: z.int() })),
  /** What has waited longest for its turn, of machines that answer. */
  longest_waiting: Work.nullable(),
  /** Those under way for longest, at most five. */
  longest_running: z.array(Work),
  breakers_open: z.int(),
  /** Machines that don't answer, and are only asked now and then whether they are back: at most 20. */
  breakers: z.array(
    z.object({
      machine_id: z.string(),
      since: z.iso.datetime(),
      /** Null while one is under way. */
      next_try_at: z.iso.datetime().nullable(),
      message: z.string(),
    }),
  ),
});
export type ReconcilerHealth = z.infer<typeof ReconcilerHealth>;

/** Which of them live, who has which machines and images, and what they have not got to yet. Times are the database's. */
export const ReconcilersReport = z.object({
  at: z.iso.datetime(),
  reconcilers: z.array(
    z.object({
      holder: z.string(),
      alive: z.boolean(),
      registered_at: z.iso.datetime(),
      /** Until when it counts as alive unless it says so again. */
      expires_at: z.iso.datetime(),
      shards: z.int(),
      /** Null where it has told nothing that this server can read. */
      health: ReconcilerHealth.nullable(),
      told_at: z.iso.datetime().nullable(),
      stale: z.boolean(),
    }),
  ),
  shards: z.array(
    z.object({
      shard: z.int(),
      /** Null while nobody has it. */
      holder: z.string().nullable(),
      /** Counts its holders. */
      epoch: z.int(),
      since: z.iso.datetime().nullable(),
    }),
  ),
  /** Changes that nobody has acted on yet. */
  unobserved: z.array(z.object({ noun: z.string(), count: z.int(), oldest_at: z.iso.datetime() })),
  /** At most 50 of `unreachable_count`. */
  unreachable: z.array(z.object({ machine_id: z.string(), name: z.string(), message: z.string() })),
  unreachable_count: z.int(),
  /** Of the machines that are online, the one whose containers were listed least lately. */
  oldest_list: z.object({ machine_id: z.string(), name: z.string(), at: z.iso.datetime() }).nullable(),
  /** Images that are being made or deleted, at most 50. */
  operations: z.array(
    z.object({
      image_id: z.int(),
      name: z.string(),
      phase: z.string(),
      progress: z.int().nullable(),
      total: z.int().nullable(),
      since: z.iso.datetime().nullable(),
    }),
  ),
});
export type ReconcilersReport = z.infer<typeof ReconcilersReport>;
