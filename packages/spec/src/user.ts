import { z } from "zod";
import { PageInput } from "./page.ts";

const RESERVED_ACCOUNTS = ["public", "system", "library", "admin", "root", "berth"];

/** Also the user's namespace in the registry, hence lower case and no two separators in a row. */
export const Account = z
  .string()
  .min(2, "An account has at least 2 characters.")
  .max(32, "An account has at most 32 characters.")
  .regex(/^[^A-Z]*$/, "An account is lower case: it is also the name of the user's images.")
  .regex(
    /^[a-z0-9]+([._-][a-z0-9]+)*$/,
    "An account is made of a-z, 0-9 and single . _ - between them, and starts and ends with a letter or digit.",
  )
  .refine((account) => !RESERVED_ACCOUNTS.includes(account), "This account name is reserved.");

/** What the client sends instead of the password: a hash of it (the console sends lower-case hex SHA-256). */
export const PasswordHash = z
  .string()
  .min(8, "Send a hash of the password: 8 to 256 characters.")
  .max(256, "Send a hash of the password: 8 to 256 characters.");

export const Role = z.enum(["user", "admin"]);
export type Role = z.infer<typeof Role>;

const UserId = z.int32().positive();

/** As it was given somewhere: not every text that can be asked for can be registered. */
const KnownAccount = z.string().min(1).max(64);

export const Credentials = z.object({ account: KnownAccount, password: PasswordHash });
export type Credentials = z.infer<typeof Credentials>;

export const RegisterInput = z.strictObject({
  account: Account,
  password: PasswordHash,
  /** The code of an invitation, where registration is by invitation. */
  invitation: z.string().min(1).max(100).optional(),
});
export type RegisterInput = z.infer<typeof RegisterInput>;

export const Registered = z.object({ user_id: z.int(), account: z.string() });
export const AccessToken = z.object({ access_token: z.string() });

/**
 * Beside the refresh cookie, which a browser sends to every port of our host: what only our own pages can read. In the
 * answer that opens a browser's session, and in requests to refresh it and to end it.
 */
export const PAGE_KEY_HEADER = "berth-page-key";

/** 1 to 64 characters of any script, emoji too; nothing that breaks the line or turns the text around it. */
const Nickname = z
  .string()
  .trim()
  .min(1)
  .refine((name) => Array.from(name).length <= 64, "A nickname has at most 64 characters.")
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u, "A nickname has no control characters.");
const Email = z.email("Not an e-mail address.").max(254);
const Phone = z.string().regex(/^[0-9 +()-]{3,32}$/, "A phone number is 3 to 32 of digits, space, + - ( ).");

const cleared = z.literal("").transform(() => null);

/** An empty value clears the field. */
export const ProfileFields = z.object({
  nickname: z.union([cleared, Nickname]).optional(),
  email: z.union([cleared, Email]).optional(),
  phone: z.union([cleared, Phone]).optional(),
});
export type ProfileFields = z.infer<typeof ProfileFields>;

/** `{"field", "value"}`, or the fields themselves as keys, one or more of them. */
export const SetProfileInput = z
  .strictObject({
    ...ProfileFields.shape,
    field: z.enum(["nickname", "email", "phone"]).optional(),
    /** Of `field`; what holds for that one holds for it. */
    value: z.string().max(320).optional(),
  })
  .refine((input) => (input.field === undefined) === (input.value === undefined), {
    path: ["value"],
    error: "`field` and `value` go together.",
  });
export type SetProfileInput = z.infer<typeof SetProfileInput>;

export const GetUserInput = z.object({ account: KnownAccount });

/** `email` and `phone` are null unless the caller is that user or an admin. */
export const User = z.object({
  user_id: z.int(),
  account: z.string(),
  nickname: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  /** A path on this server that a browser can load. */
  photo: z.string().nullable(),
});
export type User = z.infer<typeof User>;

/** What one user may hold at a time; null is no limit. */
export const Quota = z.object({
  gpus: z.int().min(0).max(100_000).nullable().default(null),
  /** What a recreate has set aside included. */
  containers: z.int().min(0).max(100_000).nullable().default(null),
  images: z.int().min(0).max(100_000).nullable().default(null),
  /**
   * Bytes of their images on the registry: a layer that several of them share counts once, one that is in a public image
   * not at all.
   */
  storage: z.int().min(0).nullable().default(null),
});
export type Quota = z.infer<typeof Quota>;

/** How much there is of what has a quota. */
export const Used = z.object({ gpus: z.int(), containers: z.int(), images: z.int(), storage: z.int() });
export type Used = z.infer<typeof Used>;

export const Me = User.extend({ role: Role, quota: Quota, used: Used });
export type Me = z.infer<typeof Me>;

export const SetPasswordInput = z.strictObject({ user_id: UserId, new_password: PasswordHash });
export type SetPasswordInput = z.infer<typeof SetPasswordInput>;
/** A token for oneself, since every older one has ended; nothing for an admin who changed another's. */
export const SetPasswordAnswer = z.union([AccessToken, z.object({})]);

export const MAX_PHOTO_BYTES = 5 * 1024 * 1024;
export const SetCustomPhotoInput = z.object({
  /** PNG, JPEG, WebP or GIF, by content. */
  photo: z.instanceof(Uint8Array),
  /** Whose it is: the caller's where it is left out. Both must name the same user, and another's only by an admin. */
  user_id: UserId.optional(),
  account: KnownAccount.optional(),
});
export type SetCustomPhotoInput = z.infer<typeof SetCustomPhotoInput>;
export const Photo = z.object({ photo: z.string() });

export const SetDefaultPhotoInput = z.strictObject({ user_id: UserId, photo: z.string().min(1).max(100) });
export type SetDefaultPhotoInput = z.infer<typeof SetDefaultPhotoInput>;
/** `name` is what set_photo/default takes, `photo` where it is loaded from. */
export const DefaultPhoto = z.object({ name: z.string(), photo: z.string() });

export const UserRef = z.object({ user_id: UserId });

/** As an admin sees a user. */
export const ManagedUser = Me.extend({
  disabled: z.boolean(),
  created_at: z.iso.datetime(),
});
export type ManagedUser = z.infer<typeof ManagedUser>;

export const ListUsersInput = PageInput.extend({
  /** Part of the account or the nickname. */
  search: z.string().min(1).max(64).optional(),
});
export type ListUsersInput = z.infer<typeof ListUsersInput>;

export const CreateUserInput = z.strictObject({ account: Account, password: PasswordHash, role: Role.default("user") });
export type CreateUserInput = z.infer<typeof CreateUserInput>;

export const UpdateUserInput = z.strictObject({
  ...UserRef.shape,
  role: Role.optional(),
  disabled: z.boolean().optional(),
  /** Whole: what it leaves out has no limit. */
  quota: Quota.strict().optional(),
});
export type UpdateUserInput = z.infer<typeof UpdateUserInput>;
