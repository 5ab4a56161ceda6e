import { Prisma } from "@berth/db/generated/client.ts";

/** True where a unique constraint refused the row: somebody else has the name. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";
