import { z } from "zod";

const RawFailure = z.object({
  driverAdapterError: z.object({ cause: z.object({ kind: z.string(), originalCode: z.string().optional() }) }),
});

/** What the driver says of a failed statement, in `meta` of Prisma's error: PostgreSQL's own code where it has one. */
export function readRawFailure(meta: unknown): { kind: string; code: string | null } | null {
  const failure = RawFailure.safeParse(meta);
  if (!failure.success) return null;
  const { kind, originalCode } = failure.data.driverAdapterError.cause;
  return { kind, code: originalCode ?? null };
}
