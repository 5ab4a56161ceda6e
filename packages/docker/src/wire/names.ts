import { EngineError } from "../engine.ts";

const CONTAINER_ID = /^[a-f0-9]{12,64}$/;
const EXEC_ID = /^[a-f0-9]{64}$/;
/** Docker's own pattern (moby daemon/names). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

/** Docker's grammar of an image reference: [host[:port]/]path[:tag][@digest], or an image's id. */
const HOST = String.raw`(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
/** Of a repository's path. */
export const COMPONENT = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
export const TAG = String.raw`[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}`;
export const DIGEST = String.raw`sha256:[a-f0-9]{64}`;
const REFERENCE = new RegExp(`^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?::${TAG})?(?:@${DIGEST})?$`);
const TAGGED = /^([^@]+):([^:/@]+)$/;
const IMAGE_ID = new RegExp(`^(?:${DIGEST}|[a-f0-9]{12,64})$`);
const MAX_REFERENCE_LENGTH = 512;

/*
 * Ids and names become parts of a path, and dockerode puts them there as they are: `../images/x` would be another
 * endpoint. What does not look like an id or a name is refused before a request is made of it.
 */

export function checkedContainerId(id: string): string {
  if (CONTAINER_ID.test(id)) return id;
  throw refused("a container's id", id);
}

export function checkedContainer(idOrName: string): string {
  if (CONTAINER_ID.test(idOrName) || NAME.test(idOrName)) return idOrName;
  throw refused("a container's id or name", idOrName);
}

export function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw refused("a name that Docker takes", name);
}

export function checkedExecId(id: string): string {
  if (EXEC_ID.test(id)) return id;
  throw refused("a command's id", id);
}

export function checkedReference(reference: string): string {
  if (reference.length <= MAX_REFERENCE_LENGTH && (REFERENCE.test(reference) || IMAGE_ID.test(reference))) {
    return reference;
  }
  throw refused("an image reference", reference);
}

/** `repository:tag` and nothing else, taken apart. */
export function taggedName(reference: string): { repository: string; tag: string } {
  const [, repository, tag] = TAGGED.exec(checkedReference(reference)) ?? [];
  if (repository === undefined || tag === undefined) throw refused("a repository with a tag", reference);
  return { repository, tag };
}

function refused(what: string, value: string): EngineError {
  return new EngineError("rejected", `${JSON.stringify(value.slice(0, 100))} is not ${what}.`, { sent: false });
}
