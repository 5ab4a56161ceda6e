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

const ImagePhase = z.enum(["Waiting", "Committing", "Ready", "Failed", "Deleted"]);

const GivenParams = CreateParams.strict().refine(hasModestTexts, IMMODEST_TEXTS);

export const AddImageInput = z.strictObject({
  name: ImageName,
  reference: ImageReference,
  display_name: z.string().min(1).max(100).optional(),
  description: z.string().max(4_000).optional(),
  create_params: GivenParams.optional(),
});
export type AddImageInput = z.infer<typeof AddImageInput>;

export const ImageRef = z.object({ image_id: z.int32().positive() });

/** What is left out is not changed. A Ready image's content never changes: new content is a new tag. */
export const UpdateImageInput = z.strictObject({
  ...ImageRef.shape,
  display_name: z.string().min(1).max(100).nullable().optional(),
  description: z.string().max(4_000).nullable().optional(),
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

export const ListImagesInput = PageInput.extend({
  scope: z.enum(["public", "mine", "all"]).default("all"),
});
export type ListImagesInput = z.infer<typeof ListImagesInput>;

export const Image = z.object({
  image_id: z.int(),
  name: z.string(),
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
  /** Bytes done of what is under way. */
  progress: z.int().nullable(),
  digest: z.string().nullable(),
  /** Bytes. */
  size: z.int().nullable(),
  conditions: z.array(Condition),
  created_at: z.iso.datetime(),
});
export type Image = z.infer<typeof Image>;
