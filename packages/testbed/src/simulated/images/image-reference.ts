import { DockerError } from "../docker-error.ts";
import type { Generation } from "../generation.ts";

export interface ImageReference {
  /** As Docker shows it: without `docker.io/library/`. */
  repository: string;
  tag: string | null;
  digest: string | null;
}

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const HOST = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
const REFERENCE = new RegExp(
  `^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$`,
);

/** Throws Docker's words for a name that can't be one, under the status that the call answers with. */
export function parseReference(text: string, generation: Generation, status = 400): ImageReference {
  const match = REFERENCE.exec(text);
  if (!match) throw new DockerError(status, `invalid reference format${whyInvalid(text, generation)}`);
  const repository = (match[1] ?? "").replace(/^docker\.io\//, "").replace(/^library\//, "");
  return { repository, tag: match[2] ?? null, digest: match[3] ?? null };
}

/** `repository:tag`, or `repository@digest`; the tag is `latest` where nothing is named. */
export function formatReference(reference: ImageReference): string {
  if (reference.digest) return `${reference.repository}@${reference.digest}`;
  return `${reference.repository}:${reference.tag ?? "latest"}`;
}

export function repositoryOf(reference: string): string {
  const withoutDigest = reference.split("@")[0] ?? "";
  return withoutDigest.replace(/:[^:/]+$/, "");
}

function whyInvalid(text: string, generation: Generation): string {
  if (!/[A-Z]/.test(text)) return "";
  const repository = repositoryOf(text);
  const name = repository.includes("/") ? repository : `library/${repository}`;
  return generation.isModern ? `: repository name (${name}) must be lowercase` : ": repository name must be lowercase";
}
