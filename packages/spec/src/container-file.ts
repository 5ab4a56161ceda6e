/** Files in a container: what lies in a folder, and how one goes up or down. */
import { z } from "zod";
import { ContainerRef } from "./container.ts";

/** More than these of one folder are not listed. */
export const MAX_LISTED_FILES = 5_000;
export const MAX_UPLOAD_BYTES = 64 * 1024 ** 3;

const MAX_PATH_BYTES = 4_096;
const MAX_NAME_BYTES = 255;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Absolute, and the shortest that it can be written: `/`, `/root/data`. A line break is as good a character as any. */
const FilePath = z
  .string()
  .startsWith("/", "A path in a container begins with a slash.")
  .refine((path) => !path.includes("\0") && path.isWellFormed(), "A path holds neither NUL nor half a character.")
  .refine((path) => bytesOf(path) < MAX_PATH_BYTES, "A path has less than 4096 bytes.")
  .refine(
    (path) =>
      path === "/" ||
      path
        .slice(1)
        .split("/")
        .every((part) => part !== "" && part !== "." && part !== ".."),
    "A path has no empty part, and neither . nor .. as one.",
  )
  .refine((path) => path.split("/").every((part) => bytesOf(part) <= MAX_NAME_BYTES), "A name has at most 255 bytes.");

export const ListFilesInput = ContainerRef.extend({ path: FilePath });
export type ListFilesInput = z.infer<typeof ListFilesInput>;

export const FileKind = z.enum(["file", "folder", "link", "other"]);
export type FileKind = z.infer<typeof FileKind>;

export const ListedFile = z.object({
  /** Bytes that are no UTF-8 are replaced. */
  name: z.string(),
  kind: FileKind,
  /** Of a link: what it leads to in the end; null where that is nothing, or it is no link. */
  leads_to: FileKind.nullable(),
  /** In bytes. */
  size: z.int(),
  modified_at: z.iso.datetime(),
  /** Octal, as chmod takes it: "644". */
  mode: z.string(),
  /** The user's name in the container, or the number where it has none. */
  owner: z.string(),
  /** What is mounted here, by its storage: in no image. */
  storage: z.string().nullable(),
  /** False where its name is no UTF-8: it can only be had by a terminal or scp. */
  reachable: z.boolean(),
});
export type ListedFile = z.infer<typeof ListedFile>;

export const FileListing = z.object({
  path: z.string(),
  /** Where the path leads once links were followed. */
  real_path: z.string(),
  /** The storage that the folder lies in: what it holds is in no image. */
  storage: z.string().nullable(),
  /** In no order. */
  items: z.array(ListedFile),
  /** There are more than {@link MAX_LISTED_FILES}. */
  truncated: z.boolean(),
});
export type FileListing = z.infer<typeof FileListing>;

/** In the query string of `GET /files/containers/{container_id}`. */
export const DownloadQuery = z.object({ path: FilePath });
/** In the query string of `PUT /files/containers/{container_id}`. */
export const UploadQuery = z.object({
  /** Of the file, in a folder that is there. */
  path: FilePath.refine((path) => path !== "/", "Name the file."),
  overwrite: z.stringbool().default(false),
});

/** What a browser sends as a form to `POST /files/download`, so that it saves the answer by itself. */
export const DownloadTicket = z.object({
  ticket: z.string(),
  expires_at: z.iso.datetime(),
});
export type DownloadTicket = z.infer<typeof DownloadTicket>;
