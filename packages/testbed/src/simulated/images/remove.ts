import type { ContainerRecord } from "../containers/container-record.ts";
import { isRunning } from "../containers/container-record.ts";
import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { shortId } from "../hex-id.ts";
import { type Call, isSet, type Reply } from "../http/call.ts";
import { formatReference, parseReference, repositoryOf } from "./image-reference.ts";
import type { ImageRecord } from "./image-store.ts";
import { publishImage } from "./tag.ts";

type Removed = { Untagged: string } | { Deleted: string };

/** `DELETE /images/:name`: the last name takes the image along, and with it parents that nothing names or needs. */
export async function removeImage({ daemon, params, query }: Call): Promise<Reply> {
  const name = params["name"] ?? "";
  const image = daemon.images.get(name, daemon.generation);
  await daemon.takes("image_remove");
  const isForced = isSet(query, "force");
  const removed: Removed[] = [];
  const isById = shortId(name) !== "" && image.id.startsWith(`sha256:${name.replace(/^sha256:/, "")}`);
  if (isById) removeById(daemon, image, isForced, removed);
  else removeReference(daemon, image, formatReference(parseReference(name, daemon.generation)), isForced, removed);
  daemon.onChange();
  return { status: 200, json: removed };
}

function removeReference(
  daemon: Daemon,
  image: ImageRecord,
  reference: string,
  isForced: boolean,
  removed: Removed[],
): void {
  const { images } = daemon;
  const repository = repositoryOf(reference);
  const all = [...images.tagsOf(image.id), ...images.digestsOf(image.id)];
  const isOnlyRepository = all.every((other) => repositoryOf(other) === repository);
  const isLastTag = images.tagsOf(image.id).filter((tag) => tag !== reference).length === 0;
  const user = usersOf(daemon, image)[0];
  if (user && isOnlyRepository && isLastTag && !isForced) {
    const message =
      `conflict: unable to remove repository reference "${reference}" (must force) - ` +
      `container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`;
    throw new DockerError(409, message);
  }
  untag(daemon, image, reference, removed);
  // A digest names nothing any more when the repository's last tag has gone.
  const hasTagLeft = images.tagsOf(image.id).some((tag) => repositoryOf(tag) === repository);
  if (!reference.includes("@") && !hasTagLeft) {
    for (const digest of images.digestsOf(image.id).filter((other) => repositoryOf(other) === repository)) {
      untag(daemon, image, digest, removed);
    }
  }
  if (!isNamed(daemon, image)) removeUnlessNeeded(daemon, image, removed);
}

function removeById(daemon: Daemon, image: ImageRecord, isForced: boolean, removed: Removed[]): void {
  const { images } = daemon;
  const references = [...images.tagsOf(image.id), ...images.digestsOf(image.id)];
  const conflict = (isHard: boolean, why: string): DockerError => {
    const force = isHard ? "cannot be forced" : "must be forced";
    return new DockerError(409, `conflict: unable to delete ${shortId(image.id)} (${force}) - ${why}`);
  };
  const users = usersOf(daemon, image);
  const running = users.find(isRunning);
  const repositories = new Set(references.map(repositoryOf));
  if (images.childrenOf(image.id).length > 0) throw conflict(true, "image has dependent child images");
  if (running) throw conflict(true, `image is being used by running container ${shortId(running.id)}`);
  if (!isForced && repositories.size > 1) throw conflict(false, "image is referenced in multiple repositories");
  if (!isForced && users[0]) throw conflict(false, `image is being used by stopped container ${shortId(users[0].id)}`);
  for (const reference of references) untag(daemon, image, reference, removed);
  deleteImage(daemon, image, removed);
}

function untag(daemon: Daemon, image: ImageRecord, reference: string, removed: Removed[]): void {
  daemon.images.references.delete(reference);
  // A digest beside the tag that named it leaves without an event of its own.
  const isFirst = removed.length === 0;
  if (isFirst) publishImage(daemon, image, "untag", image.id);
  removed.push({ Untagged: reference });
}

function isNamed(daemon: Daemon, image: ImageRecord): boolean {
  return daemon.images.tagsOf(image.id).length + daemon.images.digestsOf(image.id).length > 0;
}

function removeUnlessNeeded(daemon: Daemon, image: ImageRecord, removed: Removed[]): void {
  const isNeeded = usersOf(daemon, image).length > 0 || daemon.images.childrenOf(image.id).length > 0;
  if (!isNeeded && !isNamed(daemon, image)) deleteImage(daemon, image, removed);
}

function deleteImage(daemon: Daemon, image: ImageRecord, removed: Removed[]): void {
  daemon.images.byId.delete(image.id);
  daemon.events.publish("image", "delete", image.id, { name: image.id });
  removed.push({ Deleted: image.id });
  const parent = daemon.images.byId.get(image.parent_id ?? "");
  if (parent) removeUnlessNeeded(daemon, parent, removed);
  const kept = new Set([...daemon.images.byId.values()].flatMap(({ layers }) => layers));
  for (const layer of image.layers.toReversed()) {
    const isReported = removed.some((entry) => "Deleted" in entry && entry.Deleted === layer);
    if (!kept.has(layer) && !isReported) removed.push({ Deleted: layer });
  }
}

function usersOf(daemon: Daemon, image: ImageRecord): ContainerRecord[] {
  return [...daemon.containers.values()].filter((container) => container.image_id === image.id);
}
