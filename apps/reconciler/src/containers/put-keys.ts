import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { loadSshKeys } from "@berth/db/accounts/ssh-keys.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { extract, pack } from "tar-stream";
import { backoffMs, CRASH_LOOP } from "../queue/backoff.ts";
import { homeOfRoot, withKeys } from "./authorized-keys.ts";
import type { ContainerRun } from "./container-run.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/** The container is as it is, and nobody can be told to mend it but its owner. */
class KeysError extends Error {}

/**
 * Puts the owner's keys where the container's sshd looks for root's, beside what is there already. What stands in the way
 * is remembered and told; the container goes on.
 */
export async function putKeys(run: ContainerRun, engineId: string): Promise<void> {
  const { session, known, draft } = run;
  try {
    const { keys, hash } = await loadSshKeys(session.sql, known.row.container_id);
    const home = homeOfRoot((await readFile(run, engineId, "/etc/passwd")) ?? "");
    const before = await readFile(run, engineId, `${home}/.ssh/authorized_keys`);
    const after = withKeys(before ?? "", keys.map(asLatin1));
    if (after !== (before ?? "")) {
      const tar = await tarOf(home, after);
      await session.mutate(() => session.engine.putArchive(engineId, "/", tar));
    }
    draft.ssh_keys = `${engineId}:${hash}`;
    known.keysFailure = null;
    // They have changed since the row was read, and its notice was lost: the next look reads it.
    if (hash !== run.desired.keysHash) known.isStale = true;
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof KeysError)) throw error;
    session.log.warn({ uid: known.row.uid, err: error }, "could not put ssh keys into a container");
    const count = (known.keysFailure?.count ?? 0) + 1;
    const retryAt = session.now() + backoffMs(CRASH_LOOP, count, session.random());
    known.keysFailure = { message: error.message, retryAt, count };
  }
}

const asLatin1 = (text: string): string => Buffer.from(text).toString("latin1");

/** Null where there is none. Its bytes as latin1, so that whatever its user wrote there is written back as it was. */
async function readFile({ session }: ContainerRun, engineId: string, path: string): Promise<string | null> {
  let tar: Uint8Array;
  try {
    tar = await session.read(() => session.engine.getArchive(engineId, path, { maxBytes: MAX_FILE_BYTES }));
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return null;
    throw error;
  }
  for await (const entry of Readable.from([Buffer.from(tar)]).pipe(extract())) {
    if (entry.header.type !== "file") throw new KeysError(`${path} is no file: make it one.`);
    return (await buffer(entry)).toString("latin1");
  }
  return null;
}

/** An sshd takes no keys that others than root may write. */
async function tarOf(home: string, file: string): Promise<Buffer> {
  const folder = home.replace(/^\/+/, "");
  const tar = pack();
  tar.entry({ name: `${folder}/.ssh/`, type: "directory", mode: 0o700, uid: 0, gid: 0 });
  tar.entry({ name: `${folder}/.ssh/authorized_keys`, mode: 0o600, uid: 0, gid: 0 }, Buffer.from(file, "latin1"));
  tar.finalize();
  return buffer(tar);
}
