import type { Actor } from "../context.ts";

/** SQL over `i` (images): public, the actor's own, or shared with them; an admin sees all. */
export const VISIBLE = "($1 OR i.user_id IS NULL OR i.user_id = $2 OR $2 = ANY (i.shared_with))";

/** The parameters `$1` and `$2` of {@link VISIBLE}. */
export const visibilityOf = ({ role, user_id }: Actor): [boolean, number] => [role === "admin", user_id];
