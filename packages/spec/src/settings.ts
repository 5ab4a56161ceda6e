import { z } from "zod";

export const Settings = z.object({
  /** Who may make an account: anybody, nobody (an admin makes them), or who has an invitation. */
  registration: z.enum(["open", "closed", "invitation"]).default("open"),
  /** Whether users may `docker push` into their own namespace; otherwise custom images come from containers only. */
  user_push: z.boolean().default(false),
  /** Whether admins want no more of what is still to be set up. */
  setup_dismissed: z.boolean().default(false),
});
export type Settings = z.infer<typeof Settings>;

/** What is left out is not changed. */
export const UpdateSettingsInput = z.strictObject({
  registration: Settings.shape.registration.unwrap().optional(),
  user_push: Settings.shape.user_push.unwrap().optional(),
  setup_dismissed: Settings.shape.setup_dismissed.unwrap().optional(),
});
export type UpdateSettingsInput = z.infer<typeof UpdateSettingsInput>;

/** What of a fresh Berth is set up, as it really is. */
export const Setup = z.object({
  /** Of the first admin, where Berth made it up; null where somebody chose it, or where that admin is gone. */
  first_password: z.object({ account: z.string(), changed: z.boolean() }).nullable(),
  /** It answers. */
  registry: z.boolean(),
  /** What to do where it does not. */
  registry_message: z.string(),
  machines_online: z.int(),
  machines: z.int(),
  /** Public ones that containers can be made of. */
  images: z.int(),
  /** Accounts beside the first one. */
  people: z.int(),
  /** Invitations that can be used. */
  invitations: z.int(),
  dismissed: z.boolean(),
});
export type Setup = z.infer<typeof Setup>;
