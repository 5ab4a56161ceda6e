import { ImageLogQuery, ImagePath } from "@berth/spec/terminal.ts";
import type { FastifyInstance } from "fastify";
import { type LogOptions, serveLog } from "../sockets/serve-log.ts";
import { followImageLog } from "./follow-image-log.ts";

/** `/ws/images/{image_id}/log`: its wire is described in packages/spec/src/terminal.ts. */
export function registerImageLogs(app: FastifyInstance, options: LogOptions): void {
  serveLog(app, "/ws/images/:image_id/log", options, (reader, request) => {
    const { image_id } = ImagePath.parse(request.params);
    return followImageLog(reader, image_id, ImageLogQuery.parse(request.query));
  });
}
