import type { TagPush } from "@berth/api/registry/record-push.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { z } from "zod";

/** Distribution's envelope. Of its events only pushes of tags say anything that we would want to know. */
const Envelope = z.object({ events: z.array(z.unknown()).max(1_000) });

const Digest = z.string().regex(/^sha256:[a-f0-9]{64}$/);

const Push = z.object({
  action: z.literal("push"),
  target: z.object({ repository: z.string(), tag: z.string().min(1), digest: Digest }),
  actor: z.object({ name: z.string().min(1).max(64) }),
});

/** In the order in which they were told. Anything else in the envelope is left out; BAD_REQUEST for what is none. */
export function readTagPushes(body: unknown): TagPush[] {
  const envelope = Envelope.safeParse(body);
  if (!envelope.success) throw new DomainError("BAD_REQUEST", "This is no envelope of events.");
  return envelope.data.events.flatMap((event) => {
    const push = Push.safeParse(event);
    if (!push.success) return [];
    const { target, actor } = push.data;
    const { repository, tag, digest } = target;
    return { repository, tag, digest, actor: actor.name };
  });
}
