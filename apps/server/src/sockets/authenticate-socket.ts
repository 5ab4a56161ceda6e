import { authenticate } from "@berth/api/auth/authenticate.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { SocketToken } from "@berth/spec/terminal.ts";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { isSameOrigin } from "../origin.ts";
import type { HeldMessages, Message } from "./held-messages.ts";

const FIRST_MESSAGE_MS = 10_000;

/** tRPC's clients wrap what we ask for, and say in the address that it will come. */
const FirstMessage = z.union([
  SocketToken,
  z.object({ method: z.literal("connectionParams"), data: SocketToken }).transform(({ data }) => data),
]);

/**
 * Who opened a socket, by its first message: a browser's can have no Authorization header, and a cookie says nothing.
 * UNAUTHORIZED where it is not good, or where a page of another origin opened the socket.
 */
export async function authenticateSocket(
  services: ApiServices,
  request: FastifyRequest,
  messages: HeldMessages,
  firstMessageMs = FIRST_MESSAGE_MS,
): Promise<Actor> {
  if (request.headers.origin !== undefined && !isSameOrigin(request)) {
    throw new DomainError("UNAUTHORIZED", "A page of another origin can't open a socket here.");
  }
  const first = await messages.first(firstMessageMs);
  const token = first && readToken(first);
  if (!token) {
    throw new DomainError("UNAUTHORIZED", 'Send {"access_token":"…"} as the first message, within 10 seconds.');
  }
  return authenticate(services, token);
}

function readToken({ data, isBinary }: Message): string | null {
  if (isBinary || !Buffer.isBuffer(data)) return null;
  const json = z.string().transform(parseJson).pipe(FirstMessage).safeParse(data.toString());
  return json.success ? json.data.access_token : null;
}

function parseJson(text: string, ctx: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    ctx.addIssue("not JSON");
    return z.NEVER;
  }
}
