import { DockerError } from "../docker-error.ts";
import { digestOf } from "../hex-id.ts";
import type { Call, Reply } from "../http/call.ts";
import { readContext } from "./build/context.ts";
import { applyChanges } from "./dockerfile-changes.ts";
import { formatReference, parseReference } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";
import { setTag } from "./tag.ts";

/** `POST /images/create?fromSrc=-`: an image of one layer. Its links are left out, as a build's are. */
export async function importImage(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  if (query.get("fromSrc") !== "-") throw new DockerError(500, "imports from a URL are not simulated");
  const tag = query.get("tag") ?? "";
  const name = formatReference(parseReference(`${query.get("repo") ?? ""}${tag && `:${tag}`}`, daemon.generation));
  const config = applyChanges({}, query.getAll("changes"));
  const body = await call.body();
  const stream = call.stream(200, { "Content-Type": "application/json" });
  try {
    const files = await readContext(body);
    const created = daemon.time.nowNs();
    const image: ImageRecord = {
      id: digestOf("import", JSON.stringify(config), digestOf(body), String(created)),
      parent_id: null,
      config,
      created_ns: created,
      comment: query.get("message") || "Imported from -",
      author: "",
      size_bytes: [...files.values()].reduce((sum, content) => sum + content.length, 0),
      layers: [digestOf(body)],
      files: new Map([...files].map(([path, content]) => [`/${path}`, content])),
      last_tag_ns: null,
    };
    daemon.images.byId.set(image.id, image);
    setTag(daemon, name, image);
    await stream.write(`${JSON.stringify({ status: image.id })}\r\n`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await stream.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
  }
  stream.end();
  return undefined;
}
