import { z } from "zod";
import { Condition } from "./condition.ts";
import { CreateParams, hasModestTexts, IMMODEST_TEXTS } from "./create-params.ts";
import { ImageName } from "./image.ts";
import { Gpu, MachineId } from "./machine.ts";
import { PageInput } from "./page.ts";

export const ContainerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,62}$/, "2 to 63 of a-z, 0-9 and -, starting with a letter.");

const DisplayName = z.string().min(1).max(100);

export const GpuUuids = z
  .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{3,95}$/, "Not a GPU's uuid."))
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

/** For people; nothing decides by it. */
export const ContainerPhase = z.enum([
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
    desired: z.enum(["running", "stopped"]).default("running"),
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
    on_loss: OnLoss.optional(),
    /** As `start` and `stop`; of one that has completed, `running` asks for nothing new. */
    desired: z.enum(["running", "stopped"]).optional(),
    /** Needed for what an engine fixes at create: image, command, env, ports, GPUs, shm, restart. */
    recreate: RecreateConsent.optional(),
    ...Overrides.shape,
  })
  .refine((input) => input.image_id === undefined || input.image === undefined, NAME_ONE_IMAGE)
  .refine(hasModestTexts, IMMODEST_TEXTS);
export type UpdateContainerInput = z.infer<typeof UpdateContainerInput>;

export const StartContainerInput = ContainerRef.extend({
  /** GPUs were given back at the stop. `fail` answers 409 where they are not free any more. */
  if_busy: z.enum(["fail"]).default("fail"),
});

export const RecreateContainerInput = ContainerRef.extend({ recreate: RecreateConsent });

/** Brings back what a recreate set aside: the newest of `held`, or the one of `generation`. */
export const RestoreContainerInput = ContainerRef.extend({ generation: z.int32().positive().optional() });

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
});
export type ListContainersInput = z.infer<typeof ListContainersInput>;

export const PortBinding = z.object({
  name: z.string(),
  kind: z.enum(["ssh", "http", "tcp"]),
  protocol: z.enum(["tcp", "udp"]),
  container_port: z.int(),
  host_port: z.int(),
});
export type PortBinding = z.infer<typeof PortBinding>;

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
  restarts: z.int(),
  exit_code: z.int().nullable(),
  next_retry_at: z.iso.datetime().nullable(),
  /** What a recreate set aside, kept until `held_until`. */
  held: z.array(z.object({ generation: z.int(), held_until: z.iso.datetime() })),
  connect: z.object({ ssh: z.string().nullable(), urls: z.array(z.string()) }),
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
