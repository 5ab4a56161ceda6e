import type { ContainerSpec } from "./container.ts";

/** An engine changes these without making the container anew. */
const IN_PLACE = new Set<string>(["cpus", "memory"] satisfies (keyof ContainerSpec)[]);

/** Names of the changed fields that an engine fixes at create: they need the owner's word for a recreate. */
export const fixedAtCreate = (before: ContainerSpec, after: ContainerSpec): (keyof ContainerSpec)[] =>
  (Object.keys(after) as (keyof ContainerSpec)[]).filter(
    (field) => !IN_PLACE.has(field) && !isSame(before[field], after[field]),
  );

/** Of values as JSON has them; the order of an object's fields says nothing. */
export function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [ones, others] = [Object.entries(one), new Map(Object.entries(other))];
  return ones.length === others.size && ones.every(([key, value]) => others.has(key) && isSame(value, others.get(key)));
}
