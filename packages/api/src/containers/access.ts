import type { Actor } from "../context.ts";

/**
 * SQL over `c` (containers): the actor's own; an admin may do all. To anyone else a container does not exist, so that
 * nobody learns what others have.
 */
export const ACCESSIBLE = "($1 OR c.user_id = $2)";

/** The parameters `$1` and `$2` of {@link ACCESSIBLE}. */
export const accessOf = ({ role, user_id }: Actor): [boolean, number] => [role === "admin", user_id];
