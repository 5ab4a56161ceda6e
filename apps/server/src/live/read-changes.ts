import type { Announced } from "@berth/db/changes/announce.ts";
import { Change } from "@berth/spec/live.ts";
import { z } from "zod";

/** Each is [noun, id, who may see it beside admins]. */
const Payload = z.array(z.tuple([Change.shape.noun, Change.shape.id, z.array(z.int()).nullable()]));

/** What a notice on `berth_change` says. Throws for one that triggers and reconcilers of this release do not send. */
export const readChanges = (payload: string): Announced[] => Payload.parse(JSON.parse(payload));
