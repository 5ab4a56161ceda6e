import { type ArchiveEntry, badContext, type ContextEntry, type ContextLimits } from "./entry.ts";

/**
 * The entry by a name that can't lead out of the context; null for the root itself. Refuses, naming it, what leads out, by
 * its name or as a link, and what is no file, folder or link.
 */
export function normalizeEntry(entry: ArchiveEntry, limits: ContextLimits): ContextEntry | null {
  const { name, what, kind, ...rest } = entry;
  const shown = JSON.stringify(shorten(name));
  const refuse = (message: string): Error => badContext(message, { entry: name });
  if (kind === null) throw refuse(`${shown} is ${what}: a build takes files, folders and links.`);
  // A name of another encoding was read as one with this sign.
  if (/[\0\ufffd]/.test(name) || !name.isWellFormed()) throw refuse(`${shown} has a name that is not UTF-8.`);
  if (name.startsWith("/")) throw refuse(`${shown} has an absolute path.`);
  const parts = partsOf(name);
  if (parts.includes("..")) throw refuse(`${shown} leads out of the folder: its path has \`..\` in it.`);
  const path = parts.join("/");
  if (Buffer.byteLength(path) > limits.pathBytes || parts.some((part) => Buffer.byteLength(part) > limits.nameBytes)) {
    throw refuse(
      `${shown} has too long a name: ${limits.nameBytes} bytes at most, ${limits.pathBytes} with all its folders.`,
    );
  }
  if (path === "") {
    if (kind !== "directory") throw refuse(`${shown} has no name.`);
    return null;
  }
  if (kind === "symlink" && leadsOut(parts.slice(0, -1), entry.target)) {
    throw refuse(`${shown} is a link to ${JSON.stringify(shorten(entry.target))}, outside of the folder.`);
  }
  if (kind === "link") {
    if (leadsOut([], entry.target)) {
      throw refuse(`${shown} is a link to ${JSON.stringify(shorten(entry.target))}, outside of the folder.`);
    }
    return { ...rest, kind, path, target: partsOf(entry.target).join("/") };
  }
  return { ...rest, kind, path };
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** By its text alone: whoever unpacks it holds it in its folder as well. */
function leadsOut(from: readonly string[], target: string): boolean {
  if (target === "" || target.startsWith("/") || /[\0\ufffd]/.test(target)) return true;
  let depth = from.length;
  for (const part of partsOf(target)) {
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

const shorten = (text: string): string => (text.length <= 200 ? text : `${text.slice(0, 200)}…`);
