import { COMPONENT, DIGEST, TAG } from "../wire/names.ts";
import { RegistryError } from "./registry.ts";

const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const WHOLE_TAG = new RegExp(`^${TAG}$`);
const WHOLE_DIGEST = new RegExp(`^${DIGEST}$`);
/** Distribution's own limit of a whole name. */
const MAX_REPOSITORY_LENGTH = 255;

/* Names become parts of a path: what does not look like one is refused before a request is made of it. */

export function checkedRepository(name: string): string {
  if (name.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(name)) return name;
  throw refused("a repository's name", name);
}

export function checkedTag(tag: string): string {
  if (WHOLE_TAG.test(tag)) return tag;
  throw refused("a tag", tag);
}

export function checkedDigest(digest: string): string {
  if (WHOLE_DIGEST.test(digest)) return digest;
  throw refused("a digest", digest);
}

export function checkedTagOrDigest(reference: string): string {
  if (WHOLE_TAG.test(reference) || WHOLE_DIGEST.test(reference)) return reference;
  throw refused("a tag or a digest", reference);
}

function refused(what: string, value: string): RegistryError {
  return new RegistryError("protocol", `${JSON.stringify(value.slice(0, 100))} is not ${what}.`);
}
