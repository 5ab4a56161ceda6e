import { Prisma } from "@berth/db/generated/client.ts";
import { readRawFailure } from "./raw-failure.ts";

/** Prisma: not reachable, timed out, closed the connection, no connection or transaction to be had in time. */
const PRISMA_CODES = new Set(["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"]);

/** The network's: nothing listens there, or nobody can be reached. */
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
]);

/** PostgreSQL: connection failures, no connection left, and a server that shuts down or starts. */
const POSTGRES_CODES = /^(08...|53300|57P0[123])$/;

const ADAPTER_KINDS = new Set(["DatabaseNotReachable", "ConnectionClosed", "SocketTimeout", "TooManyConnections"]);

/** pg's own errors have no code. Prisma passes them on as they are where a connection dies under a statement. */
const PG_MESSAGES = [
  "Connection terminated unexpectedly",
  "Client has encountered a connection error and is not queryable",
  "Connection terminated due to connection timeout",
  "timeout exceeded when trying to connect",
  "Query read timeout",
];

/** True where the failure is the database's absence and not the request's fault: the same may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return PRISMA_CODES.has(error.code) || isRawAway(error.meta);
  }
  return error instanceof Error && (PG_MESSAGES.includes(error.message) || isPgAway(error));
}

/** What pg throws by itself: PostgreSQL's refusals, and the network's. An engine's failures are EngineErrors. */
const isPgAway = ({ code }: Error & { code?: unknown }): boolean =>
  typeof code === "string" && (POSTGRES_CODES.test(code) || NETWORK_CODES.has(code));

function isRawAway(meta: unknown): boolean {
  const failure = readRawFailure(meta);
  return failure !== null && (ADAPTER_KINDS.has(failure.kind) || POSTGRES_CODES.test(failure.code ?? ""));
}
