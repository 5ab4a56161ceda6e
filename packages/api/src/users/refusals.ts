import { DomainError } from "@berth/spec/error-code.ts";
import type { Role } from "@berth/spec/user.ts";
import type { Actor } from "../context.ts";

/** FORBIDDEN for who changes another user and is no admin. */
export function refuseForAnother(actor: Actor, userId: number): void {
  if (actor.user_id !== userId && actor.role !== "admin") {
    throw new DomainError("FORBIDDEN", "Only an admin may do this for another user.");
  }
}

/** FORBIDDEN where an API token makes an admin: whoever has it could sign in as that one after the token has ended. */
export function refuseAdminByToken(actor: Actor, role: Role | undefined): void {
  if (role === "admin" && actor.credential.kind === "api_token") {
    throw new DomainError("FORBIDDEN", "An API token makes no admins: sign in with the password for this.");
  }
}
