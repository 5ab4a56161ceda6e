import { DomainError } from "@berth/spec/error-code.ts";

/** As SQL over `images i`: the one machine that has what a recreate kept there; null for what any machine can have. */
export const KEPT_ON = "CASE WHEN i.source = 'commit' AND i.reference IS NOT NULL THEN i.machine_id END";

/** CONFLICT where an image that is kept on one machine is asked for on another. */
export function refuseElsewhere(image: { name: string; kept_on: string | null }, machineId: string | null): void {
  const { name, kept_on } = image;
  if (kept_on === null || kept_on === machineId) return;
  throw new DomainError(
    "CONFLICT",
    `The image ${name} is on the machine ${kept_on} alone. To use it elsewhere, save a container that runs from it there.`,
    { machine_id: kept_on },
  );
}
