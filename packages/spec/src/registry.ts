import { z } from "zod";

/** Who answers as Berth's registry. */
export const RegistryKind = z.enum(["process", "container", "external", "simulated"]);
export type RegistryKind = z.infer<typeof RegistryKind>;

/**
 * `missing`: nothing of it can be found here, and the message says what mends that. `collecting`: pushes wait until garbage
 * collection has ended.
 */
export const RegistryState = z.enum(["starting", "running", "collecting", "missing"]);
export type RegistryState = z.infer<typeof RegistryState>;

/** `host:port`, as the start of an image's full name. */
export const RegistryAddress = z
  .string()
  .max(255)
  .regex(
    /^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$/,
    "host:port, such as 10.0.0.1:5000.",
  );

/** The registry as every process of this installation knows it: the row `registry` of the settings. */
export const RegistryRecord = z.object({
  kind: RegistryKind,
  state: RegistryState,
  /** As the machines reach it. */
  address: RegistryAddress,
  /** As Berth's own processes reach it: `http://127.0.0.1:5000`. */
  url: z.url({ protocol: /^https?$/ }),
  /** PEM of the authority that signed its certificate; null over plain http, or where a public one did. */
  ca: z.string().nullable(),
  /** Says what to do where the state is not `running`. */
  message: z.string(),
});
export type RegistryRecord = z.infer<typeof RegistryRecord>;

/** The last garbage collection: the row `registry_gc` of the settings. */
export const CollectionRecord = z.object({
  began_at: z.iso.datetime(),
  ended_at: z.iso.datetime(),
  /** Bytes on the registry's disk before and after. */
  before_bytes: z.int(),
  after_bytes: z.int(),
  /** Null where it was well. */
  failure: z.string().nullable(),
});
export type CollectionRecord = z.infer<typeof CollectionRecord>;

/** What people read of it. */
export const RegistryStatus = z.object({
  kind: RegistryKind.nullable(),
  state: RegistryState,
  address: z.string().nullable(),
  /** PEM of the authority that a client must trust first; null where none of Berth's own signed its certificate. */
  ca: z.string().nullable(),
  message: z.string(),
  /** Null where it never ran, or where Berth did not start the registry. */
  collected: CollectionRecord.nullable(),
});
export type RegistryStatus = z.infer<typeof RegistryStatus>;

/** A tag on the registry, as the registry itself tells it. */
export const RegistryImage = z.object({
  /** `namespace/name:tag` */
  name: z.string(),
  digest: z.string(),
  /** Null where no image of Berth's has this name. */
  image_id: z.int().nullable(),
  /** Berth does not know it: nothing of it is ever touched. */
  foreign: z.boolean(),
  /** It is another content than the one on record. */
  drifted: z.boolean(),
});
export type RegistryImage = z.infer<typeof RegistryImage>;
