import { buffer } from "node:stream/consumers";
import { DomainError } from "@berth/spec/error-code.ts";
import { DOCKERFILE_MAX_BYTES, type UploadedFile } from "@berth/spec/image.ts";
import { badContext, CONTEXT_LIMITS, type ContextEntry, type ContextLimits, largeContext } from "./entry.ts";
import { IGNORE_FILE, IGNORE_FILE_MAX_BYTES, ignoreFiles } from "./ignore-files.ts";
import { readEntries } from "./read-entries.ts";
import { writeTar } from "./write-tar.ts";

export const DEFAULT_DOCKERFILE = "Dockerfile";

/** Files to build an image from, as an engine takes them. */
export interface BuildContext {
  /** Where in them the Dockerfile is. */
  dockerfile: string;
  /** What it says. */
  text: string;
  /** All of them. Throws, as {@link openContext} does, for what is found to be wrong only now. */
  tar(): AsyncGenerator<Uint8Array, void>;
}

/** A Dockerfile that needs no other file. */
export const contextOfText = (text: string): BuildContext => ({
  dockerfile: DEFAULT_DOCKERFILE,
  text,
  tar: () => writeTar(onlyDockerfile(text)),
});

/**
 * Reads through what was uploaded, once to find its Dockerfile and what to leave out, and again when its tar is asked
 * for: it stays where it is, and memory stays flat. `dockerfile` is where in it the one to build from is, or `{ text }` to
 * be put there as `Dockerfile`. Refusals name the entry: see {@link readEntries}.
 */
export async function openContext(
  file: UploadedFile,
  dockerfile: string | { text: string } = DEFAULT_DOCKERFILE,
  limits: ContextLimits = CONTEXT_LIMITS,
): Promise<BuildContext> {
  const isText = typeof dockerfile === "object";
  const wanted = isText ? DEFAULT_DOCKERFILE : normalizePath(dockerfile);
  const found = await survey(file, wanted, limits);
  const text = isText ? dockerfile.text : found.dockerfile;
  if (text === null) throw noDockerfile(wanted, found.folders);
  const isIgnored = ignoreFiles(found.ignored);
  async function* kept(): AsyncGenerator<ContextEntry, void> {
    if (isText) yield* onlyDockerfile(dockerfile.text);
    for await (const entry of readEntries(file, limits)) {
      if (entry.path === wanted ? isText : entry.path !== IGNORE_FILE && isIgnored(entry.path)) continue;
      if (entry.kind === "link" && isIgnored(entry.target)) {
        const what = `${JSON.stringify(entry.path)} is the same file as ${JSON.stringify(entry.target)}, which ${IGNORE_FILE} leaves out.`;
        throw badContext(what, { entry: entry.path });
      }
      yield entry;
    }
  }
  return { dockerfile: wanted, text, tar: () => writeTar(kept()) };
}

async function* onlyDockerfile(text: string): AsyncGenerator<ContextEntry, void> {
  const content = Buffer.from(text);
  async function* read(): AsyncGenerator<Uint8Array, void> {
    yield content;
  }
  // Its time is a constant: the same text is the same tar.
  const mtime = new Date(0);
  yield { path: DEFAULT_DOCKERFILE, kind: "file", target: "", mode: 0o644, mtime, size: content.length, read };
}

interface Survey {
  /** Null where it is not there. */
  dockerfile: string | null;
  ignored: string;
  /** With a Dockerfile in them, right below the root; two at most. */
  folders: string[];
}

/** Where an archive has a name twice, what comes last counts, as it does for who unpacks it. */
async function survey(file: UploadedFile, wanted: string, limits: ContextLimits): Promise<Survey> {
  const found: Survey = { dockerfile: null, ignored: "", folders: [] };
  for await (const entry of readEntries(file, limits)) {
    if (entry.path === wanted) found.dockerfile = await readText(entry, DOCKERFILE_MAX_BYTES);
    else if (entry.path === IGNORE_FILE) found.ignored = await readText(entry, IGNORE_FILE_MAX_BYTES);
    const [, folder] = /^([^/]+)\/Dockerfile$/.exec(entry.path) ?? [];
    if (folder !== undefined && found.folders.length < 2) found.folders.push(folder);
  }
  return found;
}

async function readText({ path, kind, size, read }: ContextEntry, maxBytes: number): Promise<string> {
  if (kind !== "file") throw badContext(`${JSON.stringify(path)} is a ${kind}, and not a file.`, { entry: path });
  if (size > maxBytes) {
    throw largeContext(`${JSON.stringify(path)} is larger than ${maxBytes / 1024} KiB.`, { entry: path });
  }
  return (await buffer(read())).toString("utf8");
}

function normalizePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/") && !parts.includes("..") && parts.length > 0) return parts.join("/");
  const message = "dockerfile: it is the path of a file within the context, such as docker/Dockerfile.";
  throw new DomainError("BAD_REQUEST", message, { fields: [{ field: "dockerfile", message }] });
}

function noDockerfile(wanted: string, folders: readonly string[]): DomainError {
  const [folder, ...others] = folders;
  if (wanted === DEFAULT_DOCKERFILE && folder !== undefined && others.length === 0) {
    const there = `${folder}/${DEFAULT_DOCKERFILE}`;
    return badContext(
      `there is no Dockerfile at its root, but one in a folder: name it by dockerfile=${there}, and what it copies from the root, too, as in COPY ${folder}/… — or pack what is in the folder, without the folder.`,
      { dockerfile: there },
    );
  }
  return badContext(`there is no ${JSON.stringify(wanted)} in it.`);
}
