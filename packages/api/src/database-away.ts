import { Prisma } from "@berth/db/generated/client.ts";

/** Prisma: not reachable, timed out, closed the connection, no connection or transaction to be had in time. */
const AWAY_CODES = new Set(["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"]);

/** Node and PostgreSQL: refused or lost connections, and a server that starts or shuts down. */
const AWAY_CAUSES = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|57P01|57P02|57P03|53300|08006|08001|08003/;

/** True where the failure is the database's absence and not the request's fault: the same may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  return error instanceof Prisma.PrismaClientKnownRequestError && AWAY_CODES.has(error.code);
}
