import { ContainerRef, type ObjectEvent } from "@berth/spec/container.ts";
import { PageInput } from "@berth/spec/page.ts";
import type { z } from "zod";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { getContainer } from "./get.ts";

export const ListEventsInput = ContainerRef.extend(PageInput.shape);

interface EventRow extends Omit<ObjectEvent, "event_id" | "first_at" | "last_at"> {
  event_id: bigint;
  first_at: Date;
  last_at: Date;
}

/** What happened to a container, newest first. */
export async function listContainerEvents(
  ctx: AuthedContext,
  input: z.infer<typeof ListEventsInput>,
): Promise<Page<ObjectEvent>> {
  const { uid } = await getContainer(ctx, input);
  const rows = await ctx.sql<EventRow>(
    `SELECT event_id, kind, reason, message, count, first_at, last_at FROM object_events
     WHERE noun = 'container' AND id = $1 AND ($2::bigint IS NULL OR event_id < $2::bigint)
     ORDER BY event_id DESC LIMIT $3`,
    [uid, readIdCursor(input), input.limit + 1],
  );
  return toPage(rows, input.limit, toEvent, (row) => row.event_id);
}

const toEvent = (row: EventRow): ObjectEvent => ({
  ...row,
  event_id: row.event_id.toString(),
  first_at: row.first_at.toISOString(),
  last_at: row.last_at.toISOString(),
});
