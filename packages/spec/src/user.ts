import { z } from "zod";

const RESERVED_ACCOUNTS = ["public", "system", "library", "admin", "root"];

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

export const Credentials = z.object({ account: z.string().min(1).max(64), password: PasswordHash });
export type Credentials = z.infer<typeof Credentials>;

export const RegisterInput = z.object({ account: Account, password: PasswordHash });
export type RegisterInput = z.infer<typeof RegisterInput>;

export const Registered = z.object({ user_id: z.int(), account: z.string() });
export const AccessToken = z.object({ access_token: z.string() });

export const Me = z.object({
  user_id: z.int(),
  account: z.string(),
  nickname: z.string().nullable(),
  role: Role,
});
export type Me = z.infer<typeof Me>;
