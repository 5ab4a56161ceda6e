import { link, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
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
 *
 * Locks are numbered, and the highest counts. To take over is to make the next one, which one process alone can do, so no
 * lock is ever moved or removed that may be a living one's: only lower ones go, and the last stays when it is given back.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const own = await writeOwnFile(dataDir);
  try {
    for (;;) {
      const last = await findLast(dataDir);
      const holder = await readHolder(numbered(dataDir, last));
      if (holder && isAlive(holder)) throw new StartError(alreadyRunning(holder));
      const file = numbered(dataDir, last + 1);
      if (!(await tryLink(own, file))) continue;
      if ((await findLast(dataDir)) === last + 1) {
        await removeLower(dataDir, last + 1);
        return () => giveBack(file);
      }
      // Others came and went since the first look, and one of them has a higher one.
      await rm(file);
    }
  } finally {
    await rm(own, { force: true });
  }
}

const NUMBERED = /^lock\.(\d+)$/;
const numbered = (dataDir: string, number: number): string => join(dataDir, `lock.${number}`);

const listNumbers = async (dataDir: string): Promise<number[]> =>
  (await readdir(dataDir)).flatMap((name) => NUMBERED.exec(name)?.[1] ?? []).map(Number);

/** 0 where there is none. */
const findLast = async (dataDir: string): Promise<number> => Math.max(0, ...(await listNumbers(dataDir)));

async function removeLower(dataDir: string, than: number): Promise<void> {
  for (const number of await listNumbers(dataDir)) {
    if (number < than) await rm(numbered(dataDir, number), { force: true });
  }
}

/** A link, unlike a file that is opened and then written, appears with its content, and for one process only. */
async function writeOwnFile(dataDir: string): Promise<string> {
  const own = join(dataDir, `lock-of.${process.pid}`);
  const holder: Holder = { pid: process.pid, identity: identifyProcess(process.pid) ?? "" };
  try {
    await writeFile(own, JSON.stringify(holder), { mode: 0o600 });
  } catch (cause) {
    throw asStartError(dataDir, cause);
  }
  return own;
}

/** Whoever removed the whole data dir has given it back too. */
async function giveBack(file: string): Promise<void> {
  try {
    await truncate(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
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

/** Null where there is no lock, or one that was given back, or whose text a power cut has lost. */
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
