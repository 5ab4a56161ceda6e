import { z } from "zod";

/** One claim about an object, as Kubernetes has them: a newcomer reads `message`, a program reads `type` and `status`. */
export const Condition = z.object({
  type: z.string(),
  status: z.enum(["true", "false", "unknown"]),
  /** CamelCase, for programs. */
  reason: z.string(),
  /** A sentence that says what to do. */
  message: z.string(),
  /** When `status` last changed. */
  since: z.iso.datetime(),
});
export type Condition = z.infer<typeof Condition>;

/** A condition before it is known whether it is new: {@link mergeConditions} gives it its `since`. */
export type Claim = Omit<Condition, "since">;

/** Keeps `since` of every claim whose status is what it was. Conditions that are not claimed again are gone. */
export function mergeConditions(before: readonly Condition[], claims: readonly Claim[], now: Date): Condition[] {
  return claims.map((claim) => {
    const same = before.find((condition) => condition.type === claim.type && condition.status === claim.status);
    return { ...claim, since: same?.since ?? now.toISOString() };
  });
}
