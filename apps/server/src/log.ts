import { type DestinationStream, type Logger, pino } from "pino";
import type { Env } from "./env.ts";

/** JSON lines, on stdout where nothing else is given. Of a request only what follows is logged: no query (a procedure's input), no header, no body. */
export const createLog = (
  level: Env["BERTH_LOG_LEVEL"],
  destination: DestinationStream = pino.destination(1),
): Logger =>
  pino(
    {
      level,
      name: "server",
      redact: [
        "*.password",
        "*.new_password",
        "*.access_token",
        "*.refresh_token",
        "*.page_key",
        "*.authorization",
        "*.env",
        "*.tls",
      ],
      serializers: {
        req: (request: { method: string; url: string; ip: string }) => ({
          method: request.method,
          path: withoutJoinToken(request.url.split("?", 1)[0] ?? ""),
          address: request.ip,
        }),
        err: pino.stdSerializers.err,
      },
    },
    destination,
  );

/** A GPU server's script has nothing but a path to show its token in. */
const withoutJoinToken = (path: string): string => path.replace(/^\/+join\/[^/]*/, "/join/…");
