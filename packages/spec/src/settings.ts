import { z } from "zod";

export const Settings = z.object({
  /** Who may make an account: anybody, nobody (an admin makes them), or who has an invitation. */
  registration: z.enum(["open", "closed", "invitation"]).default("open"),
  /** Whether users may `docker push` into their own namespace; otherwise custom images come from containers only. */
  user_push: z.boolean().default(false),
});
export type Settings = z.infer<typeof Settings>;

/** What is left out is not changed. */
export const UpdateSettingsInput = z.strictObject({
  registration: Settings.shape.registration.unwrap().optional(),
  user_push: Settings.shape.user_push.unwrap().optional(),
});
export type UpdateSettingsInput = z.infer<typeof UpdateSettingsInput>;
