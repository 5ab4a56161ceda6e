import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { asStartError } from "./data-dir.ts";
import { identifyProcess } from "./process-identity.ts";
import { StartError } from "./start-error.ts";

const Holder = z.object({ pid: z.int().positive(), identity: z.string() });
type Holder = z.infer<typeof Holder>;

/**
 * Takes the data dir for this process alone, and returns what gives it back. A holder that was killed is recognised by
 * its pid and start time, and its lock is taken over. Throws a StartError that names a living holder.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const file = join(dataDir, "lock");
  const own = await writeOwnFile(dataDir, file);
  try {
    for (;;) {
      if (await tryLink(own, file)) break;
      const holder = await readHolder(file);
      if (holder && isAlive(holder)) throw new StartError(alreadyRunning(holder));
      await removeStale(file, `${own}.stale`);
    }
  } finally {
    await rm(own, { force: true });
  }
  return () => rm(file, { force: true });
}

/** A link, unlike a file that is opened and then written, appears with its content, and for one process only. */
async function writeOwnFile(dataDir: string, file: string): Promise<string> {
  const own = `${file}.${process.pid}`;
  const holder: Holder = { pid: process.pid, identity: identifyProcess(process.pid) ?? "" };
  try {
    await writeFile(own, JSON.stringify(holder), { mode: 0o600 });
  } catch (cause) {
    throw asStartError(dataDir, cause);
  }
  return own;
}

async function tryLink(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Another process may find the same stale lock, and have its own in place by now. So the lock is moved aside, which
 * only one can do with one file, and looked at once more before it is thrown away.
 */
async function removeStale(file: string, aside: string): Promise<void> {
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const holder = await readHolder(aside);
  if (holder && isAlive(holder)) await tryLink(aside, file);
  await rm(aside, { force: true });
}

/** Null where there is no lock, or one whose text no Berth has written whole (a power cut can leave that). */
async function readHolder(file: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const parsed = Holder.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which is no holder either
  }
}

function isAlive(holder: Holder): boolean {
  return identifyProcess(holder.pid) === holder.identity;
}

function alreadyRunning({ pid }: Holder): string {
  return `Berth is already running on this data directory (pid ${pid})`;
}
