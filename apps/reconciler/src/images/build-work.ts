import { readBlob } from "@berth/db/blobs/blob.ts";
import { appendImageLog } from "@berth/db/images/logs.ts";
import { listPublicRepositories } from "@berth/db/images/public-repositories.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { createImageLog } from "./image-log.ts";
import type { KnownImage } from "./known-image.ts";
import { pullBases } from "./pull-bases.ts";

/** Builds on this machine with Docker's classic builder. Everything that it prints is kept with the image. */
export async function buildWork(
  session: MachineSession,
  { row }: KnownImage,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  if (row.recipe?.type !== "build") throw new EngineError("rejected", "It is not said what it is built from.");
  const { blob_id, git, dockerfile, build_args } = row.recipe;
  const log = createImageLog(
    async (text) => {
      await appendImageLog(session.sql, row.image_id, text);
      session.context.announcer.add("image", row.image_id);
    },
    (error) => session.log.warn({ err: error, image_id: row.image_id }, "what a build printed could not be kept"),
  );
  try {
    await pullBases(session, row, signal);
    const registryTokens = git === null ? undefined : await tokensForBases(session);
    await session.build(() =>
      session.engine.buildImage(
        blob_id === null ? null : readBlob(session.sql, blob_id),
        {
          tag: reference,
          dockerfile,
          build_args,
          labels: { [LABEL.operation]: reference },
          ...(git !== null && { remote: git }),
        },
        { signal, onOutput: log.add, ...(registryTokens && { registryTokens }) },
      ),
    );
  } catch (error) {
    log.add(`\n${(error as Error).message}\n`);
    throw error;
  } finally {
    await log.end();
  }
}

/**
 * Which images a Dockerfile in a repository begins with, the engine alone sees: it may pull every public one, by the name
 * with the registry's address in front.
 */
async function tokensForBases({ context, sql }: MachineSession): Promise<Record<string, string> | undefined> {
  const record = await context.registry.record();
  if (!record || record.state === "missing") return undefined;
  const token = await context.registry.transferToken({ pull: await listPublicRepositories(sql) });
  return { [record.address]: token };
}
