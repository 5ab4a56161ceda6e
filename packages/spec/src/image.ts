import { z } from "zod";
import { Condition } from "./condition.ts";
import { CreateParams, hasModestTexts, IMMODEST_TEXTS } from "./create-params.ts";
import { PageInput } from "./page.ts";

/** `namespace/name:tag`; the namespace is `public` or the owner's account. */
export const ImageName = z
  .string()
  .max(200)
  .regex(
    /^[a-z0-9]+([._-][a-z0-9]+)*\/[a-z0-9]+([._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
    "An image is named namespace/name:tag, for example public/pytorch:2.9.",
  );

/**
 * What an engine calls an image: `[host[:port]/]path[:tag][@sha256:…]`, a tag or a digest always there, so that nothing
 * depends on what `latest` means today.
 */
export const ImageReference = z
  .string()
  .max(400)
  .regex(
    /^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?\/)?[a-z0-9]+(([._]|__|-+|\/)[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[a-f0-9]{64})?$/,
    "Not an image reference: host:port/name:tag, or name@sha256:….",
  )
  .refine((reference) => /(:[^/]+|@sha256:[a-f0-9]{64})$/.test(reference), "Name a tag or a digest.");

/** `external`: Berth neither builds nor keeps it; the engines hold it, or pull it by its reference. */
export const ImageSource = z.enum(["build", "commit", "mirror", "push", "external"]);
export type ImageSource = z.infer<typeof ImageSource>;

export const ImagePhase = z.enum([
  "Waiting",
  "Building",
  "Committing",
  "Mirroring",
  "Pushing",
  "Verifying",
  "Ready",
  "Failed",
  /** To be deleted, but something needs it. */
  "Blocked",
  "Deleting",
  "Deleted",
]);
export type ImagePhase = z.infer<typeof ImagePhase>;

const GivenParams = CreateParams.strict().refine(hasModestTexts, IMMODEST_TEXTS);
const DisplayName = z.string().min(1).max(100);
const Description = z.string().max(4_000);

/** The name under `public/`: only an admin makes such an image. */
export const PublicImageName = ImageName.refine((name) => name.startsWith("public/"), "It is named public/name:tag.");

/** `name:tag` in one's own namespace, or the same with that in front. */
export const SavedImageName = z
  .string()
  .max(200)
  .regex(
    /^([a-z0-9]+([._-][a-z0-9]+)*\/)?[a-z0-9]+([._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
    "A saved image is named name:tag, for example work:1.",
  );

/** Beside the tag, what an image is made from. None of it holds a secret. */
export const ImageRecipe = z.union([
  /** Files, if any, are a blob: a tar with the Dockerfile in it. */
  z.strictObject({
    type: z.literal("build"),
    blob_id: z.uuid().nullable(),
    /** Of a repository that the builder can reach, `#branch:folder` at the end where wanted. */
    git: z.string().nullable(),
    /** Within the files. */
    dockerfile: z.string(),
    build_args: z.record(z.string(), z.string()),
    /** Images of ours that its FROM lines name. */
    base_image_ids: z.array(z.int()),
    /** It takes the settings of its base once its builder has seen which one that is. */
    inherits: z.boolean().default(false),
  }),
  z.strictObject({ type: z.literal("mirror"), from: ImageReference }),
  /** The same content under another name of the registry. */
  z.strictObject({ type: z.literal("copy"), from: ImageName, digest: z.string() }),
]);
export type ImageRecipe = z.infer<typeof ImageRecipe>;

export const AddImageInput = z.strictObject({
  name: ImageName,
  reference: ImageReference,
  display_name: DisplayName.optional(),
  description: Description.optional(),
  create_params: GivenParams.optional(),
});
export type AddImageInput = z.infer<typeof AddImageInput>;

export const ImageRef = z.object({ image_id: z.int32().positive() });

/** What is left out is not changed. A Ready image's content never changes: new content is a new tag. */
export const UpdateImageInput = z.strictObject({
  ...ImageRef.shape,
  display_name: DisplayName.nullable().optional(),
  description: Description.nullable().optional(),
  /** Whole. Containers that exist keep theirs. */
  create_params: GivenParams.optional(),
});
export type UpdateImageInput = z.infer<typeof UpdateImageInput>;

/** Everybody with whom it is shared: who is not named any more can't start from it any more. */
export const ShareImageInput = z.strictObject({
  ...ImageRef.shape,
  accounts: z.array(z.string().min(1).max(64)).max(200),
});
export type ShareImageInput = z.infer<typeof ShareImageInput>;

/** Saves what is in a container as an image of its owner's. */
export const SaveContainerInput = z.strictObject({
  container_id: z.int32().positive(),
  name: SavedImageName,
  display_name: DisplayName.optional(),
  description: Description.optional(),
  /** Whole; without it, what the container was made with. */
  create_params: GivenParams.optional(),
});
export type SaveContainerInput = z.infer<typeof SaveContainerInput>;

export const MirrorImageInput = z.strictObject({
  /** `docker.io/library/debian:12`, `ghcr.io/org/app@sha256:…` */
  from: ImageReference,
  name: PublicImageName,
  display_name: DisplayName.optional(),
  description: Description.optional(),
  create_params: GivenParams.optional(),
  /** Of a builder; Berth takes one where it is left out. */
  machine_id: z.string().min(1).max(200).optional(),
});
export type MirrorImageInput = z.infer<typeof MirrorImageInput>;

/**
 * A file that came with a request, kept on disk until that is answered. Only a form can carry one: no JSON reads as it.
 */
export interface UploadedFile {
  /** Bytes. */
  readonly size: number;
  /** From `start` up to but without `end`, or all of it; as often as one likes. */
  read(start?: number, end?: number): AsyncIterable<Uint8Array>;
}

const isUploadedFile = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "read" in value && typeof value.read === "function";

/**
 * A repository, with `#branch:folder` at the end where wanted. Engines take an address for one of a repository by its
 * `.git`. A name or password in it would stand in the image's recipe for every admin to read.
 */
export const GitAddress = z
  .string()
  .max(1_000)
  .regex(
    /^(https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?\/|ssh:\/\/([A-Za-z0-9_-]+@)?[A-Za-z0-9.-]+(:[0-9]{1,5})?\/|git@[A-Za-z0-9.-]+:)[A-Za-z0-9._~/-]+\.git(#([A-Za-z0-9_][A-Za-z0-9._/-]*)?(:[A-Za-z0-9_][A-Za-z0-9._/ -]*)?)?$/,
    "The address of a repository: https://host/path.git or ssh://git@host/path.git, without a password, and #branch:folder after it where wanted.",
  )
  .refine((address) => !/(^|[/:])\.\.(\/|$)/.test(address), "`..` is not possible in it.");

const BuildArgs = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "A build argument's name is letters, digits and _."),
    z.string().max(8_192),
  )
  .refine((given) => Object.keys(given).length <= 50, "At most 50 build arguments.");

export const DOCKERFILE_MAX_BYTES = 1024 * 1024;
/** Of the files to build from: unpacked, and so as they are sent, too. */
export const CONTEXT_MAX_BYTES = 512 * 1024 * 1024;
export const CONTEXT_MAX_ENTRIES = 100_000;

export const BuildImageInput = z.strictObject({
  name: PublicImageName,
  display_name: DisplayName.optional(),
  description: Description.optional(),
  /** Whole; without it, those of the image that it is built from, where Berth has that. */
  create_params: GivenParams.optional(),
  /**
   * Alone, the Dockerfile itself. Beside `context` or `git` it is the path of the one to build from in those (`Dockerfile`
   * where left out); beside `context`, a text of several lines is the Dockerfile itself there, too, and takes that one's place.
   */
  dockerfile: z.string().min(1).max(DOCKERFILE_MAX_BYTES).optional(),
  /** Its files: a tar, tar.gz or zip. */
  context: z.custom<UploadedFile>(isUploadedFile, "Send the file as a part of a form.").optional(),
  git: GitAddress.optional(),
  /** Everybody who has the image can read them. */
  build_args: BuildArgs.optional(),
  /** Of a builder; Berth takes one where it is left out. */
  machine_id: z.string().min(1).max(200).optional(),
});
export type BuildImageInput = z.infer<typeof BuildImageInput>;

export const PublishImageInput = z.strictObject({ ...ImageRef.shape, name: PublicImageName });
export type PublishImageInput = z.infer<typeof PublishImageInput>;

/** Exactly these machines keep it, whether or not a container needs it there. */
export const PrewarmImageInput = z.strictObject({
  ...ImageRef.shape,
  machine_ids: z.array(z.string().min(1).max(200)).max(1_000),
});
export type PrewarmImageInput = z.infer<typeof PrewarmImageInput>;

export const ListImagesInput = PageInput.extend({
  scope: z.enum(["public", "mine", "all"]).default("all"),
  /** Only what was saved from this container. */
  container_id: z.int32().positive().optional(),
});
export type ListImagesInput = z.infer<typeof ListImagesInput>;

/** Where an image is, or is on its way to. */
export const ImagePlace = z.object({
  machine_id: z.string(),
  state: z.enum(["waiting", "pulling", "present", "failed"]),
  /** Bytes of a pull. */
  progress: z.int().nullable(),
  total: z.int().nullable(),
  message: z.string(),
  /** By an admin's wish. */
  prewarmed: z.boolean(),
  last_used_at: z.iso.datetime(),
});
export type ImagePlace = z.infer<typeof ImagePlace>;

export const Image = z.object({
  image_id: z.int(),
  name: z.string(),
  /** What an engine pulls, or holds. */
  reference: z.string(),
  display_name: z.string().nullable(),
  description: z.string().nullable(),
  create_params: CreateParams,
  parent_image_id: z.int().nullable(),
  user_id: z.int().nullable(),
  public: z.boolean(),
  /** Accounts beside the owner's that may start from it; null for who may not change that. */
  shared_with: z.array(z.string()).nullable(),
  source: ImageSource,
  desired: z.enum(["present", "absent"]),
  phase: ImagePhase,
  message: z.string(),
  /** Bytes done of what is under way, of `total`. */
  progress: z.int().nullable(),
  total: z.int().nullable(),
  digest: z.string().nullable(),
  /** Bytes on the registry, compressed. */
  size: z.int().nullable(),
  /** What is mounted there was not saved with it. */
  not_saved: z.array(z.string()),
  /** Names of variables whose values are in it, for everybody who has it. */
  baked_env: z.array(z.string()),
  next_retry_at: z.iso.datetime().nullable(),
  conditions: z.array(Condition),
  created_at: z.iso.datetime(),
});
export type Image = z.infer<typeof Image>;

const NamedImage = z.object({ image_id: z.int(), name: z.string() });

/** One image, with what only its own page tells. */
export const ImageDetails = z.object({
  ...Image.shape,
  /** Of its owner; null for a public image. */
  account: z.string().nullable(),
  /** What it was made from, as far as the caller may see that: its parent first, the one that all began with last. */
  lineage: z.array(NamedImage),
  /** How it was built or mirrored; null for other sources, and for who may not change it. */
  recipe: z
    .object({
      /** The machine that makes it. */
      machine_id: z.string().nullable(),
      /** Of a mirror. */
      from: z.string().nullable(),
      git: z.string().nullable(),
      /** Path of the Dockerfile in the files or the repository. */
      dockerfile: z.string().nullable(),
      build_args: z.record(z.string(), z.string()),
    })
    .nullable(),
  /** Lowest first, with their bytes on the registry. */
  layers: z.array(z.object({ digest: z.string(), size: z.int(), /** In its parent, too. */ shared: z.boolean() })),
  machines: z.array(ImagePlace),
  /** What needs it, of whatever the caller may see, 200 of each at most. A container is named `account/name`. */
  needed_by: z.object({
    containers: z.array(z.object({ container_id: z.int(), name: z.string() })),
    images: z.array(NamedImage),
  }),
});
export type ImageDetails = z.infer<typeof ImageDetails>;

export const ReadImageLogInput = z.object({
  ...ImageRef.shape,
  /** As `next_seq` of the page before has it; without it, from the beginning. */
  from_seq: z.int32().min(1).optional(),
});
export type ReadImageLogInput = z.infer<typeof ReadImageLogInput>;

/** A page of what a build or a mirror printed. */
export const ImageLog = z.object({
  text: z.string(),
  /** Of the next page: what is printed until then is in it. */
  next_seq: z.int(),
  /** Nothing more will come. */
  ended: z.boolean(),
});
export type ImageLog = z.infer<typeof ImageLog>;
