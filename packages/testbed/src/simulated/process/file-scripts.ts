import { posix } from "node:path";
import { CHECK_SCRIPT, EXIT, LIST_SCRIPT, READ_SCRIPT, WRITE_SCRIPT } from "@berth/api/containers/files/scripts.ts";
import { pack } from "tar-stream";
import type { FileLayer } from "./file-layer.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

type FileScript = (process: SimulatedProcess, args: string[]) => Promise<number>;

/** Every image has these, also where no file lies in them. */
const FOLDERS = ["/", "/tmp", "/root", "/etc"];
/** What lies here is held in memory: a machine that is played has a small disk. */
const MAX_BYTES = 16 * 1024 * 1024;
const FILE = 0o100_000;
const FOLDER = 0o040_755;

/** What one of Berth's own scripts for files does: they are more shell than is simulated. Null for any other. */
export function fileScriptIn(script: string): FileScript | null {
  return { [LIST_SCRIPT]: list, [CHECK_SCRIPT]: check, [READ_SCRIPT]: read, [WRITE_SCRIPT]: write }[script] ?? null;
}

const isFolder = (files: FileLayer, path: string): boolean => FOLDERS.includes(path) || files.list(path) !== null;

/** 0, or why `path` is no folder. */
const refusal = (files: FileLayer, path: string): number =>
  isFolder(files, path) ? 0 : files.read(path) ? EXIT.noFolder : EXIT.missing;

const list: FileScript = async (process, [path = "/", mark, limit]) => {
  const { files } = process.options;
  const why = refusal(files, path);
  if (why !== 0) return why;
  const folders = FOLDERS.filter((each) => each !== "/" && posix.dirname(each) === path).map((each) =>
    posix.basename(each),
  );
  const names = [...new Set([...(files.list(path) ?? []), ...folders])].slice(0, Number(limit));
  process.write("stdout", `${path}\n`);
  for (const name of names) {
    const below = posix.join(path, name);
    const content = files.read(below);
    const mode = content ? FILE | files.modeOf(below) : FOLDER;
    const seconds = Math.floor(files.modifiedOf(below) / 1_000);
    const line = [mark, "-", mode.toString(16), content?.length ?? 4_096, 0, "root", seconds, `./${name}`];
    process.write("stdout", `${line.join(" ")}\n`);
  }
  return 0;
};

const check: FileScript = async (process, [path = "/"]) => {
  if (path === "/") return EXIT.notWhole;
  const { files } = process.options;
  return files.read(path) || isFolder(files, path) ? 0 : EXIT.missing;
};

const read: FileScript = async (process, [path = "/"]) => {
  const why = await check(process, [path]);
  if (why !== 0) return why;
  const { files } = process.options;
  const content = files.read(path);
  process.write("stdout", content ? `file ${content.length}\n` : "folder 0\n");
  if (content) return send(process, [content]);
  const tar = pack();
  for (const below of [...files.below(path)].toSorted()) {
    tar.entry({ name: `./${posix.basename(path)}/${below}` }, Buffer.from(files.read(posix.join(path, below)) ?? []));
  }
  tar.finalize();
  return send(process, tar);
};

async function send(process: SimulatedProcess, chunks: Iterable<Uint8Array> | AsyncIterable<unknown>): Promise<number> {
  for await (const chunk of chunks) {
    process.write("stdout", chunk as Uint8Array);
    await process.options.drained?.();
  }
  return 0;
}

const write: FileScript = async (process, [folder = "/", name = "", size, overwrite]) => {
  const { files, stdin, clock } = process.options;
  const why = refusal(files, folder);
  if (why !== 0) return why;
  const path = posix.join(folder, name);
  if (isFolder(files, path)) return EXIT.isFolder;
  if (overwrite !== "1" && files.read(path)) return EXIT.exists;
  process.write("stdout", "ready\n");
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = await stdin?.read(); chunk; chunk = await stdin?.read()) {
    length += chunk.length;
    if (length > MAX_BYTES) return EXIT.noSpace;
    chunks.push(chunk);
  }
  if (length !== Number(size)) return EXIT.cut;
  if (!files.write(path, Buffer.concat(chunks))) return EXIT.forbidden;
  files.setModified(path, clock.now());
  return 0;
};
