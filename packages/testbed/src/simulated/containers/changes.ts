import { posix } from "node:path";
import type { Call, Reply } from "../http/call.ts";

const MODIFIED = 0;
const ADDED = 1;
const DELETED = 2;

/** `GET /containers/:id/changes`: what the container has done to its image's files, and the folders above them. */
export function showChanges({ daemon, params }: Call): Reply {
  const container = daemon.container(params["id"] ?? "");
  const image = daemon.images.byId.get(container.image_id)?.files;
  const kinds = new Map<string, number>();
  for (const [path, content] of container.files.changes()) {
    const wasThere = image?.has(path) ?? false;
    if (!content && !wasThere) continue; // made and deleted again
    for (let folder = posix.dirname(path); folder !== "/"; folder = posix.dirname(folder)) kinds.set(folder, MODIFIED);
    kinds.set(path, content ? (wasThere ? MODIFIED : ADDED) : DELETED);
  }
  const changes = [...kinds].map(([Path, Kind]) => ({ Kind, Path })).toSorted((a, b) => (a.Path < b.Path ? -1 : 1));
  return { status: 200, json: changes.length > 0 ? changes : null };
}
