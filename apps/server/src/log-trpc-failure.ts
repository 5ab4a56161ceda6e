import type { TRPCError } from "@trpc/server";
import type { FastifyRequest } from "fastify";
import { countProcedureFailure } from "./metrics.ts";

/** What is a fault of ours with its cause; what a caller did wrong only for who looks closely. */
export function logTrpcFailure({ id, log }: FastifyRequest, error: TRPCError, path: string | undefined): void {
  countProcedureFailure(path, error.code);
  const fields = { requestId: id, path, code: error.code };
  if (error.code === "INTERNAL_SERVER_ERROR") log.error({ ...fields, err: error.cause }, "procedure failed");
  else if (error.code === "SERVICE_UNAVAILABLE") log.warn({ ...fields, err: error.cause }, "database is away");
  else log.debug(fields, "procedure refused");
}
