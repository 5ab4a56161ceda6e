import { z } from "zod";

export const PageInput = z.object({
  limit: z.int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});
export type PageInput = z.infer<typeof PageInput>;

/** A page of `item`; `next_cursor` is null on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
