import { z } from "zod";
import { Condition } from "./condition.ts";
import { CreateParams, hasModestTexts, IMMODEST_TEXTS } from "./create-params.ts";
import { ImageName } from "./image.ts";
import { Gpu, GpuUuid, MachineId } from "./machine.ts";
import { PageInput } from "./page.ts";
import { StorageKind } from "./storage.ts";

export const ContainerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,62}$/, "2 to 63 of a-z, 0-9 and -, starting with a letter.");

const DisplayName = z.string().min(1).max(100);

export const GpuUuids = z
  .array(GpuUuid)
  .min(1)
  .max(64)
  .refine((uuids) => new Set(uuids).size === uuids.length, "One GPU is named twice.");

/**
 * What the owner wants, whole: an image's create_params with the overrides of the request. Later edits of the image's
 * dictionary change nothing here. Only API verbs write it, and each change bumps `generation`.
 */
export const ContainerSpec = CreateParams.extend({
  /** The very GPUs that were asked for; null lets Berth choose `gpu_count` of `gpu_type`. */
  gpu_uuids: GpuUuids.nullable().default(null),
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;

export const Desired = z.enum(["running", "stopped", "removed"]);
export type Desired = z.infer<typeof Desired>;

/** What to do where the container is gone from the engine and its content with it. */
export const OnLoss = z.enum(["recreate", "fail"]);
export type OnLoss = z.infer<typeof OnLoss>;

/** What becomes of it where its machine is drained: it is stopped, or saved and moved to another one. */
export const OnDrain = z.enum(["stop", "move"]);
export type OnDrain = z.infer<typeof OnDrain>;

/** For people; nothing decides by it. */
export const ContainerPhase = z.enum([
  "Waiting",
  "Moving",
  "Pending",
  "Pulling",
  "Creating",
  "Starting",
  "Running",
  "Stopping",
  "Stopped",
  "Completed",
  "BackOff",
  "Recreating",
  "RecreateRequired",
  "Failed",
  "Unknown",
  "Removing",
]);
export type ContainerPhase = z.infer<typeof ContainerPhase>;

/** Owner's word that the container may be made anew: with its content committed first, or without. */
export const RecreateConsent = z.enum(["preserve", "discard"]);
export type RecreateConsent = z.infer<typeof RecreateConsent>;

type OptionalWithoutDefault<Shape> = {
  [Field in keyof Shape]: z.ZodOptional<Shape[Field] extends z.ZodDefault<infer Inner> ? Inner : never>;
};

/**
 * Every field of a spec, optional and without its default. Not `.partial()`: zod fills in the default of a field that
 * is only made optional, and what a request leaves out must not be reset.
 */
const Overrides = z.object(
  Object.fromEntries(
    Object.entries(ContainerSpec.shape).map(([field, schema]) => [field, schema.unwrap().optional()]),
  ) as OptionalWithoutDefault<typeof ContainerSpec.shape>,
);

const ImageId = z.int32().positive();
const NAME_ONE_IMAGE = { path: ["image"], error: "Name the image by `image` or by `image_id`: one of them." };

export const CreateContainerInput = z
  .strictObject({
    name: ContainerName,
    display_name: DisplayName.optional(),
    image_id: ImageId.optional(),
    image: ImageName.optional(),
    machine_id: MachineId.optional(),
    on_loss: OnLoss.default("recreate"),
    on_drain: OnDrain.default("stop"),
    desired: z.enum(["running", "stopped"]).default("running"),
    /** Where what was asked for is not free now: join the line for it, or 409. GPUs that are named are never waited for. */
    if_busy: z.enum(["wait", "fail"]).default("wait"),
    ...Overrides.shape,
  })
  .refine((input) => (input.image_id === undefined) !== (input.image === undefined), NAME_ONE_IMAGE)
  .refine(hasModestTexts, IMMODEST_TEXTS);
export type CreateContainerInput = z.infer<typeof CreateContainerInput>;

export const ContainerRef = z.object({ container_id: z.int32().positive() });

/** A field that is not there to be set is refused: it must not look as if it had been. */
export const UpdateContainerInput = z
  .strictObject({
    ...ContainerRef.shape,
    name: ContainerName.optional(),
    display_name: DisplayName.nullable().optional(),
    image_id: ImageId.optional(),
    image: ImageName.optional(),
    /** Where it is to be placed, null for anywhere: of one that is on a machine already, a move changes that. */
    machine_id: MachineId.nullable().optional(),
    on_loss: OnLoss.optional(),
    on_drain: OnDrain.optional(),
    /** As `start` and `stop`; of one that has completed, `running` asks for nothing new. */
    desired: z.enum(["running", "stopped"]).optional(),
    /** Needed for what an engine fixes at create: image, command, env, ports, GPUs, shm, mounts, restart. */
    recreate: RecreateConsent.optional(),
    ...Overrides.shape,
  })
  .refine((input) => input.image_id === undefined || input.image === undefined, NAME_ONE_IMAGE)
  .refine(hasModestTexts, IMMODEST_TEXTS);
export type UpdateContainerInput = z.infer<typeof UpdateContainerInput>;

export const StartContainerInput = z.strictObject({
  ...ContainerRef.shape,
  /**
   * GPUs were given back at the stop. Where they are not free any more: `fail` answers 409, `wait` joins the line for them
   * (with `recreate`, for any that fit, on its machine), `without_gpu` makes it anew
   * without any, and `move` on another machine where they are free: both need `recreate`.
   */
  if_busy: z.enum(["fail", "wait", "without_gpu", "move"]).default("fail"),
  /** The owner's word that it may be made anew, with other GPUs or none. */
  recreate: RecreateConsent.optional(),
});
export type StartContainerInput = z.infer<typeof StartContainerInput>;

/** Who has one of the GPUs that a start needs. */
export const GpuHolder = z.object({
  gpu_uuid: z.string(),
  index: z.int(),
  type: z.string(),
  account: z.string(),
  /** The container's name; null where the one who asks may not see it. */
  name: z.string().nullable(),
});
export type GpuHolder = z.infer<typeof GpuHolder>;

/** `details` of the 409 by which a start tells that GPUs are not free: `if_busy` says what to do instead. */
export const BusyDetails = z.object({
  /** Those that it was made with; not there where others would do. */
  gpu_uuids: z.array(z.string()).optional(),
  holders: z.array(GpuHolder),
});
export type BusyDetails = z.infer<typeof BusyDetails>;

export const MoveContainerInput = z.strictObject({
  ...ContainerRef.shape,
  /** Null lets Berth choose another one. */
  machine_id: MachineId.optional(),
  /** `preserve` takes along what is inside; `discard` begins anew from its image. */
  recreate: RecreateConsent.default("preserve"),
});
export type MoveContainerInput = z.infer<typeof MoveContainerInput>;

export const RecreateContainerInput = z.strictObject({ ...ContainerRef.shape, recreate: RecreateConsent });

/** Brings back what a recreate set aside: the newest of `held`, or the one of `generation`. */
export const RestoreContainerInput = z.strictObject({
  ...ContainerRef.shape,
  generation: z.int32().positive().optional(),
});

export const ContainerLogsInput = ContainerRef.extend({
  /** Lines from the end. */
  tail: z.int().min(1).max(5_000).default(100),
});

/** Its newest lines, oldest first; of more than 1 MiB only the end. */
export const ContainerLogs = z.object({ lines: z.array(z.string()) });
export type ContainerLogs = z.infer<typeof ContainerLogs>;

export const ListContainersInput = PageInput.extend({
  scope: z.enum(["mine", "all"]).default("mine"),
  machine_id: MachineId.optional(),
  /** Only these, of those that are there: what a caller has heard to have changed. */
  container_ids: z.array(ContainerRef.shape.container_id).min(1).max(500).optional(),
});
export type ListContainersInput = z.infer<typeof ListContainersInput>;

/** Of an `http` port, by its name. */
export const OpenPortInput = z.strictObject({ ...ContainerRef.shape, port: z.string().min(1).max(31) });
export type OpenPortInput = z.infer<typeof OpenPortInput>;

/** Opened once within 30 seconds, by whoever is to see the port's pages. */
export const OpenedPort = z.object({ url: z.url(), expires_at: z.iso.datetime() });
export type OpenedPort = z.infer<typeof OpenedPort>;

/** A port that the machine has open; one that is not published is none. */
export const PortBinding = z.object({
  name: z.string(),
  kind: z.enum(["ssh", "http", "tcp"]),
  protocol: z.enum(["tcp", "udp"]),
  container_port: z.int(),
  host_port: z.int(),
});
export type PortBinding = z.infer<typeof PortBinding>;

/** A container's place among those who wait for GPUs. */
export const Waiting = z.object({
  /** 1 is next in its line: that of a machine, of a type of GPU, or of any GPU. */
  place: z.int(),
  /** Why it can't start now. Empty for who only waits for those before it. */
  reason: z.string(),
  asked_at: z.iso.datetime(),
});
export type Waiting = z.infer<typeof Waiting>;

export const ContainerMount = z.object({
  storage: z.string(),
  /** In the container. */
  path: z.string(),
  /** Null where no admin offers it there any more. */
  kind: StorageKind.nullable(),
  read_only: z.boolean(),
  /** What is mounted is in no image that is saved, and stays when the container goes. */
  saved: z.literal(false),
});
export type ContainerMount = z.infer<typeof ContainerMount>;

export const Container = z.object({
  container_id: z.int(),
  uid: z.uuid(),
  name: z.string(),
  display_name: z.string().nullable(),
  machine_id: z.string().nullable(),
  /** True where the machine is simulated: nothing really runs. */
  simulated: z.boolean(),
  image_id: z.int(),
  image: z.string(),
  user_id: z.int(),
  account: z.string(),
  /** It runs now. */
  status: z.boolean(),
  desired: Desired,
  on_loss: OnLoss,
  phase: ContainerPhase,
  message: z.string(),
  generation: z.int(),
  observed_generation: z.int(),
  spec: ContainerSpec,
  conditions: z.array(Condition),
  ports: z.array(PortBinding),
  gpus: z.array(Gpu),
  /** Null for one that waits for no GPUs. */
  waiting: Waiting.nullable(),
  /** Where it is on its way to, and the image that it takes along; null for one that stays. */
  moving: z.object({ machine_id: z.string(), image_id: z.int() }).nullable(),
  on_drain: OnDrain,
  mounts: z.array(ContainerMount),
  restarts: z.int(),
  exit_code: z.int().nullable(),
  next_retry_at: z.iso.datetime().nullable(),
  /** What a recreate set aside, kept until `held_until`. */
  held: z.array(z.object({ generation: z.int(), held_until: z.iso.datetime() })),
  connect: z.object({
    /** To an sshd of its own, where it has a port of kind ssh. */
    ssh: z.string().nullable(),
    /** Into any container, by the keys of one's profile; null where the installation has no ssh gateway. */
    gateway: z.string().nullable(),
    /** By which the gateway is known, as `ssh` asks at the first time: "SHA256:…". */
    gateway_fingerprint: z.string().nullable(),
    urls: z.array(z.string()),
  }),
  created_at: z.iso.datetime(),
});
export type Container = z.infer<typeof Container>;

/** What happened to an object, as `kubectl describe` shows it: equal ones in a row are counted, not repeated. */
export const ObjectEvent = z.object({
  event_id: z.string(),
  kind: z.enum(["normal", "warning"]),
  reason: z.string(),
  message: z.string(),
  count: z.int(),
  first_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
});
export type ObjectEvent = z.infer<typeof ObjectEvent>;
