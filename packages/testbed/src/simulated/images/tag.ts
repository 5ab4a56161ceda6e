import type { Daemon } from "../daemon.ts";
import type { Call, Reply } from "../http/call.ts";
import { formatReference, parseReference } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";

/** `POST /images/:name/tag`: moves the name where another image has it. */
export function tagImage({ daemon, params, query }: Call): Reply {
  const image = daemon.images.get(params["name"] ?? "", daemon.generation);
  const tag = query.get("tag");
  const status = daemon.generation.isModern ? 400 : 500;
  const target = parseReference(`${query.get("repo") ?? ""}${tag ? `:${tag}` : ""}`, daemon.generation, status);
  setTag(daemon, formatReference(target), image);
  return { status: 201 };
}

export function setTag(daemon: Daemon, reference: string, image: ImageRecord): void {
  daemon.images.references.set(reference, image.id);
  image.last_tag_ns = daemon.time.nowNs();
  publishImage(daemon, image, "tag", reference);
  daemon.onChange();
}

/** Events of an image carry its labels. */
export function publishImage(daemon: Daemon, image: ImageRecord, action: string, name: string): void {
  daemon.events.publish("image", action, image.id, { ...image.config.Labels, name });
}
