import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { recordAudit } from "@berth/api/audit.ts";
import { findFiles, standstill } from "@berth/api/containers/files/refusals.ts";
import { takeDownloadTicket } from "@berth/api/containers/files/ticket.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { transact } from "@berth/api/transact.ts";
import { DownloadQuery, MAX_UPLOAD_BYTES, UploadQuery } from "@berth/spec/container-file.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { ContainerPath } from "@berth/spec/terminal.ts";
import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { closeWith } from "../close-with.ts";
import { addressOf, createRequestContext } from "../request-context.ts";
import type { Live } from "../live/open-live.ts";
import { type Command, Commands } from "../commands/commands.ts";
import { keepRows } from "../commands/keep-rows.ts";
import { attachment } from "./content-disposition.ts";
import { OpenTransfers } from "./open-transfers.ts";
import { receiveFile, writeCommand } from "./receive-file.ts";
import { openSentFile, readCommand } from "./send-file.ts";
import { giveUpOnStillReader } from "./still-reader.ts";
import { TRANSFER_LIMITS, type TransferLimits, transferSlots } from "./transfer-slots.ts";

/** So much of what nobody wants is read to its end: its sender then sees the answer. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const MAX_FORM_BYTES = 16 * 1024;
/** What is opened by itself is a document: it runs nothing and loads nothing. */
const POLICY = "default-src 'none'; sandbox";

interface Transfer {
  actor: Actor;
  container_id: number;
  path: string;
}

export interface FilesOptions {
  services: ApiServices;
  /** Without it a credential's end is seen when it is looked at next. */
  live?: Pick<Live, "onCredentials"> | undefined;
  limits?: Partial<TransferLimits>;
}

/**
 * The bytes of files, in and out of containers: `GET` and `PUT /files/containers/{container_id}`, and for a browser that
 * saves by itself `POST /files/download` with a ticket. Each is a command in the container, as one of ssh is: it holds no
 * lock of the engine, and nothing of a file is kept here.
 */
export function registerFiles(app: FastifyInstance, { services, live, limits: changed }: FilesOptions): void {
  const limits = { ...TRANSFER_LIMITS, ...changed };
  const parts = { services, serverId: randomUUID(), log: app.log };
  const commands = new Commands(parts);
  const slots = transferSlots(limits);
  const transfers = new OpenTransfers({ sql: services.sql, log: app.log });
  live?.onCredentials((userId) => void transfers.recheck(userId));
  app.addHook("preClose", async () => transfers.close());
  closeWith(app, commands, keepRows({ ...parts, terminals: commands }));

  const actorOf = async (request: FastifyRequest, reply: FastifyReply): Promise<Actor> => {
    const { actor } = await createRequestContext(services, request, reply);
    if (!actor) throw new DomainError("UNAUTHORIZED", "Sign in first: the access token is missing or no longer good.");
    return actor;
  };

  /** Begins the command of a transfer, which then is in the audit log, and ends it when `use` is over. */
  const begin = async (
    { actor, container_id, path }: Transfer,
    request: FastifyRequest,
    entry: { action: string; size?: number },
    command: string[],
  ): Promise<{ command: Command; end: () => Promise<void> }> => {
    services.calls.count(actor.user_id);
    const found = await findFiles({ ...services, actor }, container_id);
    const leave = slots.take(actor.user_id, container_id);
    try {
      const { action, ...size } = entry;
      const details = { name: found.container.name, path, ...size };
      await transact(services.db, (tx) =>
        recordAudit(
          tx,
          { actor, address: addressOf(request) },
          { action, noun: "container", object_id: container_id, details },
        ),
      );
      const started = await commands.start({ actor, container_id, command, env: [], terminal: null });
      started.stderr?.resume();
      const over = transfers.enter({
        actor,
        container_id,
        end() {
          // At once, also where the command is slow to go or its reader stands still.
          started.stdout.destroy(new DomainError("UNAUTHORIZED", "Sign in again: this sign-in has ended."));
          void end();
        },
      });
      const end = async (): Promise<void> => {
        over();
        leave();
        // While an engine can't get rid of what a command has printed, it tells of no other's end in that container.
        started.stdout.destroy();
        await started.hangUp();
      };
      return { command: started, end };
    } catch (error) {
      leave();
      throw error instanceof DomainError && error.code === "CONFLICT" ? await standstill(found) : error;
    }
  };

  const download = async (transfer: Transfer, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { command, end } = await begin(transfer, request, { action: "download file" }, readCommand(transfer.path));
    try {
      const { name, size, bytes } = await openSentFile(command, transfer.path, limits.stallMs);
      reply
        .header("content-disposition", attachment(name))
        .header("content-security-policy", POLICY)
        .type(size === null ? "application/x-tar" : "application/octet-stream");
      if (size !== null) reply.header("content-length", size);
      const body = Readable.from(bytes, { objectMode: false });
      // Sent, given up by who asked, or cut off: then what reads in the container ends, too.
      body.once("close", () => void end());
      giveUpOnStillReader(body, limits.stallMs);
      return reply.send(body);
    } catch (error) {
      await end();
      throw error;
    }
  };

  app.get("/files/containers/:container_id", { exposeHeadRoute: false }, async (request, reply) => {
    const actor = await actorOf(request, reply);
    const { container_id } = read(ContainerPath, request.params);
    return download({ actor, container_id, ...read(DownloadQuery, request.query) }, request, reply);
  });

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: MAX_FORM_BYTES },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );
    scope.post("/files/download", async (request, reply) => {
      const ticket = request.body instanceof URLSearchParams ? request.body.get("ticket") : null;
      return download(await takeDownloadTicket(services, ticket ?? ""), request, reply);
    });
  });

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Not read before its sender is known, and then as it comes.
    scope.addContentTypeParser("*", (_request, body, done) => done(null, body));
    scope.put("/files/containers/:container_id", { bodyLimit: MAX_UPLOAD_BYTES }, async (request, reply) => {
      try {
        const actor = await actorOf(request, reply);
        const { container_id } = read(ContainerPath, request.params);
        const { path, overwrite } = read(UploadQuery, request.query);
        const size = sizeOf(request);
        const entry = { action: "upload file", size };
        const script = writeCommand({ path, size, overwrite, id: randomUUID() });
        const { command, end } = await begin({ actor, container_id, path }, request, entry, script);
        try {
          await receiveFile(command, request.raw, path, limits.stallMs);
        } finally {
          await end();
        }
        return await reply.code(201).send({ path, size });
      } catch (error) {
        if (Number(request.headers["content-length"]) > MAX_UNREAD_BYTES) reply.header("connection", "close");
        throw error;
      }
    });
  });
}

/** As a procedure reads its input: what is wrong is told field by field. */
function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(input);
  if (error) throw new TRPCError({ code: "BAD_REQUEST", cause: error });
  return data;
}

/** Known before, so that what arrives can be told from what is whole. */
function sizeOf({ headers }: FastifyRequest): number {
  const size = Number(headers["content-length"] ?? NaN);
  if (!Number.isSafeInteger(size)) {
    throw new DomainError("BAD_REQUEST", "Say how long the file is, with the header Content-Length.");
  }
  if (size <= MAX_UPLOAD_BYTES) return size;
  throw new DomainError("PAYLOAD_TOO_LARGE", `A file is at most ${MAX_UPLOAD_BYTES / 1024 ** 3} GiB here: use rsync.`, {
    max_bytes: MAX_UPLOAD_BYTES,
  });
}
