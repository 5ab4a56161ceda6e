import { DomainError } from "@berth/spec/error-code.ts";
import { CONTEXT_MAX_BYTES, CONTEXT_MAX_ENTRIES } from "@berth/spec/image.ts";

/** What an archive has, whichever kind of archive it is. */
export interface ArchiveEntry {
  /** As the archive names it. */
  name: string;
  /** `null` for a device, a pipe and whatever else no build can use, which `what` names. */
  kind: "file" | "directory" | "symlink" | "link" | null;
  what: string;
  /** Of a symlink or a link, as the archive has it. */
  target: string;
  /** Permission bits. */
  mode: number;
  mtime: Date;
  /** Bytes of a file. */
  size: number;
  /** Bytes of a file: to be read, if at all, before the next entry is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** An entry that a build may have, by a name that means one thing. */
export interface ContextEntry extends Omit<ArchiveEntry, "name" | "what" | "kind"> {
  kind: "file" | "directory" | "symlink" | "link";
  /** `folder/file`: relative, without `.`, `..` and a slash at an end. */
  path: string;
}

export const CONTEXT_LIMITS = {
  unpackedBytes: CONTEXT_MAX_BYTES,
  entries: CONTEXT_MAX_ENTRIES,
  pathBytes: 4_096,
  nameBytes: 255,
};
export type ContextLimits = typeof CONTEXT_LIMITS;

/** Of files that can't be built from: `what` completes "context: ". */
export const badContext = (what: string, details: Record<string, unknown> = {}): DomainError =>
  new DomainError("UNPROCESSABLE", `context: ${what}`, { field: "context", ...details });

export const largeContext = (what: string, details: Record<string, unknown> = {}): DomainError =>
  new DomainError("PAYLOAD_TOO_LARGE", `context: ${what}`, { field: "context", ...details });
