import { randomBytes } from "node:crypto";
import type { ContainerMount } from "@berth/spec/container.ts";
import {
  type FileKind,
  type FileListing,
  type ListedFile,
  type ListFilesInput,
  MAX_LISTED_FILES,
} from "@berth/spec/container-file.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";
import type { OnEngine } from "../on-engine.ts";
import { fileFailure, findFiles, scriptFailure } from "./refusals.ts";
import { LIST_SCRIPT } from "./scripts.ts";

/** Someone waits for the answer; a folder on a network that is away never comes. */
const DEADLINE_MS = 15_000;
/** Of so many names as long as they can be. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * What lies in a folder of a container that runs. CONFLICT where it does not, UNPROCESSABLE where the image has no shell
 * or lacks the tools, NOT_FOUND where there is no such folder, UNAVAILABLE where the machine does not answer.
 */
export async function listFiles(ctx: AuthedContext, { container_id, path }: ListFilesInput): Promise<FileListing> {
  const found = await findFiles(ctx, container_id);
  const { container } = found;
  // Who looks into what is another's leaves a trace, as with a terminal.
  if (container.user_id !== ctx.actor.user_id) {
    const details = { name: container.name, path };
    await transact(ctx.db, (tx) =>
      recordAudit(tx, ctx, { action: "list files", noun: "container", object_id: container_id, details }),
    );
  }
  const mark = randomBytes(16).toString("hex");
  const output = await run(found, path, mark);
  return { path, ...readListing(output, mark, container.mounts) };
}

async function run({ engine, engine_id, ...place }: OnEngine, path: string, mark: string): Promise<Buffer> {
  const command = ["/bin/sh", "-c", LIST_SCRIPT, "sh", path, mark, String(MAX_LISTED_FILES + 1)];
  const options = { deadlineMs: DEADLINE_MS, maxOutputBytes: MAX_OUTPUT_BYTES };
  const { exit_code, stdout } = await engine.exec(engine_id, command, options).catch(async (error: unknown) => {
    throw await fileFailure(error, { engine, engine_id, ...place });
  });
  if (exit_code !== 0) throw scriptFailure(exit_code, path);
  return Buffer.from(stdout);
}

/** Sort of the line, raw mode in hex, size, owner's number and name, seconds since 1970; the rest is the name. */
const LINE = /^([->]) ([0-9a-f]+) (\d+) (\d+) (\S+) (-?\d+)(?:\.\d+)? \.\/(.*)$/s;

/** Of what the script printed. Exported for its test. */
export function readListing(
  output: Buffer,
  mark: string,
  mounts: readonly Pick<ContainerMount, "path" | "storage">[],
): Omit<FileListing, "path"> {
  // Latin1 keeps every byte; names become text one by one.
  const [where = "", ...records] = output.toString("latin1").replace(/\n$/, "").split(`\n${mark} `);
  const real_path = textOf(where) ?? "";
  if (!real_path.startsWith("/")) throw new DomainError("UNPROCESSABLE", "The image's shell can't say where it is.");
  const parsed = records.flatMap((record) => parse(record) ?? []);
  const leadsTo = new Map(parsed.filter(({ sort }) => sort === ">").map(({ name, mode }) => [name, kindOf(mode)]));
  const own = parsed.filter(({ sort }) => sort === "-");
  const storageOf = (path: string): string | null =>
    mounts.find((mount) => isWithin(path, mount.path))?.storage ?? null;
  const items = own.slice(0, MAX_LISTED_FILES).map((line): ListedFile => {
    const name = textOf(line.name);
    const kind = kindOf(line.mode);
    return {
      name: name ?? Buffer.from(line.name, "latin1").toString("utf8"),
      kind,
      leads_to: kind === "link" ? (leadsTo.get(line.name) ?? null) : null,
      size: line.size,
      modified_at: new Date(line.seconds * 1_000).toISOString(),
      mode: (line.mode & 0o7777).toString(8),
      owner: line.owner,
      storage: name === null ? null : storageOf(`${real_path === "/" ? "" : real_path}/${name}`),
      reachable: name !== null,
    };
  });
  return { real_path, storage: storageOf(real_path), items, truncated: own.length > MAX_LISTED_FILES };
}

function parse(record: string) {
  const [, sort, mode = "", size, number = "", owner = "", seconds, name = ""] = LINE.exec(record) ?? [];
  if (sort === undefined) return null;
  return {
    sort,
    mode: Number.parseInt(mode, 16),
    size: Number(size),
    owner: owner === "UNKNOWN" ? number : Buffer.from(owner, "latin1").toString("utf8"),
    // A file may say that it is from the year 300,000,000,000.
    seconds: Math.max(-8.64e12, Math.min(8.64e12, Number(seconds))),
    name,
  };
}

/** Null where the bytes, as latin1, are no UTF-8. */
function textOf(latin1: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, "latin1"));
  } catch {
    return null;
  }
}

const KINDS: Record<number, FileKind> = { 0o100_000: "file", 0o040_000: "folder", 0o120_000: "link" };
const kindOf = (mode: number): FileKind => KINDS[mode & 0o170_000] ?? "other";

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
