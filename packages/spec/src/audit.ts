import { z } from "zod";
import { PageInput } from "./page.ts";

export const AuditNoun = z.enum([
  "user",
  "machine",
  "join_token",
  "image",
  "container",
  "storage",
  "invitation",
  "settings",
  "registry",
]);
export type AuditNoun = z.infer<typeof AuditNoun>;

export const ListAuditInput = PageInput.extend({
  noun: AuditNoun.optional(),
  object_id: z.string().min(1).max(200).optional(),
  /** Who did it. */
  user_id: z.int32().positive().optional(),
});
export type ListAuditInput = z.infer<typeof ListAuditInput>;

/** Who did what to which object from where. */
export const AuditEntry = z.object({
  audit_id: z.string(),
  at: z.iso.datetime(),
  user_id: z.int().nullable(),
  account: z.string(),
  action: z.string(),
  noun: AuditNoun,
  object_id: z.string(),
  address: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
