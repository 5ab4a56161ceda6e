import type { DownloadTicket, ListFilesInput } from "@berth/spec/container-file.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { z } from "zod";
import { actorOf } from "../../auth/credential.ts";
import { StoredCredential } from "../../auth/stored-credential.ts";
import type { Actor, ApiServices, AuthedContext } from "../../context.ts";
import { fileFailure, findFiles, scriptFailure } from "./refusals.ts";
import { CHECK_SCRIPT } from "./scripts.ts";

const TICKET_MS = 60_000;
const DEADLINE_MS = 15_000;
const PURPOSE = "download ticket";

const Ticket = z.object({
  user_id: z.int(),
  credential: StoredCredential,
  container_id: z.int(),
  path: z.string(),
  expires_at: z.iso.datetime(),
});

/**
 * A browser saves what it asks for itself, and then sends no token along: this stands in for it, for one path and a
 * minute, and ends with the credential that it was given for. Refused as the download itself would be.
 */
export async function giveDownloadTicket(
  ctx: AuthedContext,
  { container_id, path }: ListFilesInput,
): Promise<DownloadTicket> {
  const found = await findFiles(ctx, container_id);
  const { engine, engine_id } = found;
  const command = ["/bin/sh", "-c", CHECK_SCRIPT, "sh", path];
  const { exit_code } = await engine
    .exec(engine_id, command, { deadlineMs: DEADLINE_MS })
    .catch(async (error: unknown) => {
      throw await fileFailure(error, found);
    });
  if (exit_code !== 0) throw scriptFailure(exit_code, path);
  const expires_at = new Date(Date.now() + TICKET_MS).toISOString();
  const { user_id, credential } = ctx.actor;
  const sealed = ctx.box.seal(JSON.stringify({ user_id, credential, container_id, path, expires_at }), PURPOSE);
  return { ticket: Buffer.from(sealed).toString("base64url"), expires_at };
}

/** UNAUTHORIZED for one that is none, is too old, or whose user has signed out since. */
export async function takeDownloadTicket(
  { box, sql }: Pick<ApiServices, "box" | "sql">,
  ticket: string,
): Promise<{ actor: Actor; container_id: number; path: string }> {
  const { user_id, credential, container_id, path, expires_at } = openTicket(box, ticket);
  const actor = Date.parse(expires_at) > Date.now() ? await actorOf(sql, user_id, credential) : null;
  if (!actor) throw noTicket();
  return { actor, container_id, path };
}

function openTicket(box: ApiServices["box"], ticket: string): z.infer<typeof Ticket> {
  try {
    return Ticket.parse(JSON.parse(box.open(Buffer.from(ticket, "base64url"), PURPOSE)));
  } catch (cause) {
    throw Object.assign(noTicket(), { cause });
  }
}

const noTicket = (): DomainError => new DomainError("UNAUTHORIZED", "This download has expired: start it again.");
