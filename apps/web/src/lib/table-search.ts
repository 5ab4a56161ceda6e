import { z } from "zod";

/** What of a list is in the address: the search, the column by which it is sorted (`-` from its end), and the filter. */
export const TableSearch = z.object({
  q: z.string().max(100).optional().catch(undefined),
  sort: z
    .string()
    .regex(/^-?[a-z_]{1,30}$/)
    .optional()
    .catch(undefined),
  only: z.string().max(50).optional().catch(undefined),
});
export type TableSearch = z.infer<typeof TableSearch>;
