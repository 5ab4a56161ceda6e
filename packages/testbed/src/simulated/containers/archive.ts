import { posix } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import type { ContainerRecord } from "./container-record.ts";

/** Every image has these, also where no file lies in them. */
const FOLDERS = ["/", "/tmp", "/root", "/etc"];

/** `HEAD /containers/:id/archive`: what lies there, in a header. */
export function statArchive({ daemon, params, query }: Call): Reply {
  const container = daemon.container(params["id"] ?? "");
  return {
    status: 200,
    headers: { "X-Docker-Container-Path-Stat": describePath(container, params["id"] ?? "", pathOf(query)) },
  };
}

/** `GET /containers/:id/archive`: of a file only. */
export async function getArchive({ daemon, params, query, stream }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  const path = pathOf(query);
  const content = container.files.read(path);
  if (!content) throw notThere(params["id"] ?? "", path);
  const tar = pack();
  const mode = container.files.modeOf(path);
  tar.entry({ name: posix.basename(path), uid: 0, gid: 0, mode }, Buffer.from(content));
  tar.finalize();
  const headers = {
    "Content-Type": "application/x-tar",
    "X-Docker-Container-Path-Stat": describePath(container, params["id"] ?? "", path),
  };
  const body = stream(200, headers);
  for await (const chunk of tar) await body.write(chunk as Buffer);
  body.end();
  return undefined;
}

/** `PUT /containers/:id/archive`: folders are there as soon as a file lies in them. */
export async function putArchive({ daemon, params, query, body }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  const folder = pathOf(query);
  const tar = await body();
  if (!FOLDERS.includes(folder) && container.files.list(folder) === null) throw notThere(params["id"] ?? "", folder);
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    const content = await buffer(entry);
    const path = posix.join(folder, entry.header.name);
    if (entry.header.type !== "file") continue;
    container.files.write(path, content);
    container.files.setMode(path, entry.header.mode ?? 0o644);
  }
  daemon.onChange();
  return { status: 200 };
}

/** As Go writes a mode down, where the highest bit says that it is a folder. */
const FOLDER_MODE = 0x8000_01ed;

function describePath({ files }: ContainerRecord, idOrName: string, path: string): string {
  const content = files.read(path);
  const isFolder = !content && (FOLDERS.includes(path) || files.list(path) !== null);
  if (!content && !isFolder) throw notThere(idOrName, path);
  const stat = {
    name: posix.basename(path) || "/",
    size: content?.length ?? 4096,
    mode: isFolder ? FOLDER_MODE : files.modeOf(path),
    mtime: new Date(files.modifiedOf(path)).toISOString(),
    linkTarget: "",
  };
  return Buffer.from(JSON.stringify(stat)).toString("base64");
}

const pathOf = (query: URLSearchParams): string => posix.resolve("/", query.get("path") ?? "");

const notThere = (idOrName: string, path: string): DockerError =>
  new DockerError(404, `Could not find the file ${path} in container ${idOrName}`);
