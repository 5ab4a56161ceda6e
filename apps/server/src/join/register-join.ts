import type { ApiServices } from "@berth/api/context.ts";
import { recordChecks } from "@berth/api/machines/join/checks.ts";
import { joinMachine } from "@berth/api/machines/join/report.ts";
import { readJoinScript } from "@berth/api/machines/join/script.ts";
import { type SignedForMachine, signForMachine } from "@berth/api/machines/join/sign.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { sendFailure } from "../errors.ts";
import { addressOf } from "../request-context.ts";

const MAX_BODY_BYTES = 16 * 1024;
/** A person pastes the line again and again until the firewall is open; nobody does more. */
const REQUESTS_PER_MINUTE = 60;
const CHECKS = "/join/:token/checks";

type WithToken = FastifyRequest<{ Params: { token: string } }>;

/**
 * What a GPU server's shell asks of us while it joins, with nothing but a token in the path. All of it is text of one
 * thing a line, which `sed` reads; a refusal is its sentence alone where plain text is asked for.
 */
export function registerJoin(scope: FastifyInstance, services: ApiServices): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "string", bodyLimit: MAX_BODY_BYTES }, (_request, text, done) =>
    done(null, text),
  );
  scope.setErrorHandler((error: Error, request, reply) =>
    request.headers.accept === "text/plain"
      ? sendFailure(error, request, reply, ({ message }) => `${message}\n`)
      : sendFailure(error, request, reply),
  );
  const limit = scope.createRateLimit({ max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
  // Counted by themselves: nobody is kept from joining by what is told meanwhile.
  const limitChecks = scope.createRateLimit({ max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
  scope.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store");
    const used = await (request.routeOptions.url === CHECKS ? limitChecks : limit)(request);
    if (used.isAllowed || !used.isExceeded) return;
    const message = `Too many requests of this kind from this address: try again in ${used.ttlInSeconds} seconds.`;
    throw new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s: used.ttlInSeconds });
  });

  scope.get<{ Params: { token: string } }>("/join/:token.sh", async ({ params }, reply) =>
    reply.type("text/x-shellscript; charset=utf-8").send(await readJoinScript(services, params.token)),
  );
  scope.post<{ Params: { token: string }; Querystring: { address?: unknown; engine_id?: unknown } }>(
    "/join/:token/sign",
    async (request, reply) => {
      const { address, engine_id } = request.query;
      const signed = await signForMachine(services, request.params.token, {
        address: typeof address === "string" ? address : "",
        ...(typeof engine_id === "string" && { engine_id }),
        request: textOf(request),
      });
      return reply.type("text/plain; charset=utf-8").send(writeSigned(signed));
    },
  );
  scope.post<{ Params: { token: string } }>(CHECKS, async (request, reply) => {
    await recordChecks(services, request.params.token, textOf(request));
    return reply.code(204).send();
  });
  scope.post<{ Params: { token: string } }>("/join/:token/report", async (request, reply) => {
    const report = { text: textOf(request), address: addressOf(request) };
    const joined = await joinMachine(services, request.params.token, report);
    return reply.type("text/plain; charset=utf-8").send(`machine_id ${joined.machine_id}\nname ${joined.name}\n`);
  });
}

const textOf = ({ body }: Pick<WithToken, "body">): string => (typeof body === "string" ? body : "");

/** Each line begins with what it belongs to. */
function writeSigned({ certificate, ca, registry }: SignedForMachine): string {
  const lines = [...prefixed("certificate", certificate), ...prefixed("ca", ca)];
  if (registry) {
    lines.push(`registry ${registry.address}`, ...prefixed("registry_ca", registry.ca ?? ""));
    if (registry.is_plain) lines.push("registry_is_plain yes");
  }
  return `${lines.join("\n")}\n`;
}

const prefixed = (name: string, text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `${name} ${line}`);
