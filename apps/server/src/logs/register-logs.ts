import { ContainerPath, LogsQuery } from "@berth/spec/terminal.ts";
import type { FastifyInstance } from "fastify";
import { type LogOptions, serveLog } from "../sockets/serve-log.ts";
import { followLog } from "./follow-log.ts";

/** `/ws/containers/{container_id}/logs`: its wire is described in packages/spec/src/terminal.ts. */
export function registerLogs(app: FastifyInstance, options: LogOptions): void {
  serveLog(app, "/ws/containers/:container_id/logs", options, (reader, request) => {
    const { container_id } = ContainerPath.parse(request.params);
    return followLog(reader, container_id, LogsQuery.parse(request.query));
  });
}
