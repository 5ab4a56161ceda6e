import { BlobTooLargeError, deleteBlob, writeBlob } from "@berth/db/blobs/blob.ts";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { CreateParams } from "@berth/spec/create-params.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import type { BuildImageInput, Image, ImageRecipe } from "@berth/spec/image.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { lockAdmins } from "../users/lock.ts";
import { type BuildContext, contextOfText, DEFAULT_DOCKERFILE, openContext } from "./build-context/build-context.ts";
import { checkDockerfile, type CheckedDockerfile } from "./build-context/check-dockerfile.ts";
import { CONTEXT_LIMITS } from "./build-context/entry.ts";
import { type BaseImage, findBase } from "./find-base.ts";
import { findBuilder } from "./find-builder.ts";
import { getImage } from "./get.ts";

/** Of one admin, and of all: each keeps its files in the database until it has ended. */
const UNFINISHED = { ofOne: 4, ofAll: 16 };
/** A tar's own, beside the content of its files: two headers, a long name, and what its last block is filled with. */
const TAR_MAX_BYTES = CONTEXT_LIMITS.unpackedBytes + CONTEXT_LIMITS.entries * 8_192;

/**
 * Records an image to be built, of `public/`, with its files: the reconciler builds and pushes it. What can be told of
 * the Dockerfile is checked here: refusals name the line or the entry, and nothing is kept of what was refused. What is in
 * a repository is seen by the builder alone. CONFLICT for a name that is taken, TOO_MANY_REQUESTS for too many builds.
 */
export async function buildImage(ctx: AuthedContext, input: BuildImageInput): Promise<Image> {
  refuseMixture(input);
  // Looked at before the files are read through; what counts is the look in the transaction.
  await refuseTaken(ctx.sql, input.name);
  await refuseMany(ctx.sql, ctx.actor.user_id);
  await findBuilder(ctx.sql, input.machine_id);
  const context = await contextOf(input);
  const checked = context && checkDockerfile(context.text, input.build_args);
  await findBases(ctx.sql, checked);
  const blob_id = context && (await keepFiles(ctx, context));
  try {
    return await record(ctx, input, { blob_id, checked, dockerfile: context?.dockerfile ?? pathOf(input) });
  } catch (error) {
    if (blob_id !== null) await deleteBlob(ctx.sql, blob_id);
    if (isUniqueViolation(error)) throw nameTaken(input.name);
    throw error;
  }
}

function refuseMixture({ dockerfile, context, git }: BuildImageInput): void {
  if (context && git !== undefined) throw invalidField("git", "Give either files or a repository.");
  if (!context && git === undefined && dockerfile === undefined) {
    throw invalidField("dockerfile", "Give a Dockerfile, a context with one in it, or the address of a repository.");
  }
  if (git !== undefined && dockerfile?.includes("\n")) {
    throw invalidField("dockerfile", "Beside git it is the path of a file in the repository.");
  }
}

const pathOf = ({ dockerfile }: BuildImageInput): string => dockerfile ?? DEFAULT_DOCKERFILE;

/** Null where the files are in a repository. */
async function contextOf({ dockerfile, context, git }: BuildImageInput): Promise<BuildContext | null> {
  if (git !== undefined) return null;
  if (!context) return contextOfText(dockerfile ?? "");
  return openContext(context, dockerfile?.includes("\n") ? { text: dockerfile } : dockerfile);
}

async function keepFiles({ sql, actor }: AuthedContext, context: BuildContext): Promise<string> {
  try {
    return (await writeBlob(sql, actor, context.tar(), { maxBytes: TAR_MAX_BYTES })).blob_id;
  } catch (error) {
    if (error instanceof BlobTooLargeError) throw new DomainError("PAYLOAD_TOO_LARGE", "context: it is too large.");
    throw error;
  }
}

interface Checked {
  blob_id: string | null;
  /** Null where the Dockerfile is in a repository. */
  checked: CheckedDockerfile | null;
  dockerfile: string;
}

function record(ctx: AuthedContext, input: BuildImageInput, { blob_id, checked, dockerfile }: Checked): Promise<Image> {
  const { name, display_name, description, git, build_args = {} } = input;
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    // One at a time, so that they can be counted, and by who is an admin still: to send files may take minutes.
    await lockAdmins(sql, ctx.actor);
    await refuseTaken(sql, name);
    await refuseMany(sql, ctx.actor.user_id);
    const machine_id = await findBuilder(sql, input.machine_id);
    const { base, all } = await findBases(sql, checked);
    const { image_id } = await tx.images.create({
      data: {
        name,
        display_name: display_name ?? null,
        description: description ?? null,
        create_params: CreateParams.parse(input.create_params ?? base?.create_params ?? {}),
        parent_image_id: base?.image_id ?? null,
        source: "build",
        recipe: {
          type: "build",
          blob_id,
          git: git ?? null,
          dockerfile,
          build_args,
          base_image_ids: all,
          inherits: checked === null && input.create_params === undefined,
        } satisfies ImageRecipe,
        machine_id,
        status: { create: { phase: "Waiting" } },
      },
    });
    const details = { name, machine_id, ...(git !== undefined && { git }), build_args: Object.keys(build_args) };
    await recordAudit(tx, ctx, { action: BUILD, noun: "image", object_id: image_id, details });
    return getImage({ sql, actor: ctx.actor }, { image_id });
  });
}

/** All that should be ours are there: `base` is what the image itself starts from, where that is ours. */
async function findBases(
  sql: Sql,
  checked: CheckedDockerfile | null,
): Promise<{ base: BaseImage | null; all: number[] }> {
  let base: BaseImage | null = null;
  const all = new Set<number>();
  for (const reference of checked?.bases ?? []) {
    const found = await findBase(sql, reference);
    if (reference === checked?.base) base = found;
    if (found) all.add(found.image_id);
  }
  return { base, all: [...all] };
}

async function refuseTaken(sql: Sql, name: string): Promise<void> {
  const taken = await sql("SELECT 1 FROM images WHERE name = $1 AND desired = 'present'", [name]);
  if (taken.length > 0) throw nameTaken(name);
}

const nameTaken = (name: string): DomainError =>
  new DomainError("CONFLICT", `There is an image ${name} already: what is new has a new tag.`);

/** As the audit log has it: it tells whose a build is. */
const BUILD = "build";

async function refuseMany(sql: Sql, userId: number): Promise<void> {
  const unfinished = await sql<{ name: string; own: boolean }>(
    `SELECT i.name, EXISTS (SELECT 1 FROM audit_log a WHERE a.noun = 'image' AND a.object_id = i.image_id::text
                              AND a.action = '${BUILD}' AND a.user_id = $1) AS own
     FROM images i JOIN image_status s USING (image_id)
     WHERE i.source = 'build' AND i.desired = 'present' AND s.phase NOT IN ('Ready', 'Failed') ORDER BY i.image_id`,
    [userId],
  );
  const own = unfinished.filter((image) => image.own);
  const images = (own.length >= UNFINISHED.ofOne ? own : unfinished).map(({ name }) => name);
  const retry = { retry_after_s: 60, images };
  if (own.length >= UNFINISHED.ofOne) {
    const message = `You have ${own.length} builds that have not ended: wait for one of them, or cancel it.`;
    throw new DomainError("TOO_MANY_REQUESTS", message, retry);
  }
  if (unfinished.length >= UNFINISHED.ofAll) {
    const message = `There are ${unfinished.length} builds that have not ended: wait for one of them.`;
    throw new DomainError("TOO_MANY_REQUESTS", message, retry);
  }
}
