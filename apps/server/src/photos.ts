import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiServices } from "@berth/api/context.ts";
import { DEFAULT_PHOTOS, DEFAULT_PHOTOS_DIR } from "@berth/api/users/default-photos.ts";
import { loadPhoto } from "@berth/api/users/load-photo.ts";
import type { FastifyInstance } from "fastify";
import { sendNotFound } from "./errors.ts";

const DAY_S = 24 * 3_600;
/** A picture that is opened by itself is a document: it runs nothing and loads nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/**
 * The pictures of users, for anybody, since browsers load them without a token: those that everyone may choose are no
 * secret, and of a user's own the path is.
 */
export function registerPhotos(app: FastifyInstance, { sql }: Pick<ApiServices, "sql">): void {
  app.get<{ Params: { name: string } }>("/photos/default/:name.svg", async (request, reply) => {
    const photo = DEFAULT_PHOTOS.find(({ name }) => name === request.params.name);
    if (!photo) return sendNotFound(request, reply);
    const svg = await readFile(join(DEFAULT_PHOTOS_DIR, `${photo.name}.svg`));
    const etag = `"${createHash("sha256").update(svg).digest("base64url")}"`;
    reply.header("cache-control", `public, max-age=${DAY_S}`).header("etag", etag);
    if (isKnown(etag, request.headers["if-none-match"])) return reply.code(304).send();
    return reply.header("content-security-policy", POLICY).type("image/svg+xml").send(svg);
  });

  app.get<{ Params: { id: string } }>("/photos/:id.webp", async (request, reply) => {
    const photo = await loadPhoto(sql, request.params.id);
    if (!photo) return sendNotFound(request, reply);
    reply.header("cache-control", `private, max-age=${365 * DAY_S}, immutable`);
    return reply.header("content-security-policy", POLICY).type(photo.content_type).send(Buffer.from(photo.content));
  });
}

/** What a cache has compressed is weakly the same. */
const isKnown = (etag: string, known: string | undefined): boolean =>
  known?.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag) ?? false;
