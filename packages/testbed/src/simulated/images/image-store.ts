import { DockerError, noSuchImage } from "../docker-error.ts";
import type { Generation } from "../generation.ts";
import { shortId } from "../hex-id.ts";
import type { Files } from "../process/file-layer.ts";
import type { ImageConfig } from "../wire.ts";
import { formatReference, parseReference } from "./image-reference.ts";

export interface ImageRecord {
  /** `sha256:…` of its configuration. */
  id: string;
  parent_id: string | null;
  config: ImageConfig;
  created_ns: bigint;
  comment: string;
  author: string;
  size_bytes: number;
  /** Digests of the layers, lowest first. */
  layers: string[];
  files: Files;
  last_tag_ns: bigint | null;
}

/** The images of one engine, and the names and digests by which they are known. */
export class ImageStore {
  readonly byId = new Map<string, ImageRecord>();
  /** `repository:tag` or `repository@digest` to image id. */
  readonly references = new Map<string, string>();

  find(text: string, generation: Generation): ImageRecord | null {
    const byId = this.#findById(text);
    if (byId) return byId;
    const reference = parseReference(text, generation);
    return this.byId.get(this.references.get(formatReference(reference)) ?? "") ?? null;
  }

  /** Throws what Docker says of an image that is not there. */
  get(text: string, generation: Generation): ImageRecord {
    const image = this.find(text, generation);
    if (image) return image;
    const { tag, digest } = parseReference(text, generation);
    throw noSuchImage(tag || digest ? text : `${text}:latest`);
  }

  tagsOf(id: string): string[] {
    return this.#referencesOf(id).filter((reference) => !reference.includes("@"));
  }

  digestsOf(id: string): string[] {
    return this.#referencesOf(id).filter((reference) => reference.includes("@"));
  }

  childrenOf(id: string): ImageRecord[] {
    return [...this.byId.values()].filter((image) => image.parent_id === id);
  }

  #referencesOf(id: string): string[] {
    return [...this.references].filter(([, target]) => target === id).map(([reference]) => reference);
  }

  #findById(text: string): ImageRecord | null {
    const isId = /^(?:sha256:)?[a-f0-9]{4,64}$/.test(text);
    if (!isId) return null;
    const hex = text.replace(/^sha256:/, "");
    const found = [...this.byId.values()].filter((image) => image.id.startsWith(`sha256:${hex}`));
    if (found.length > 1) throw new DockerError(404, `ambiguous image id: ${shortId(text)}`);
    return found[0] ?? null;
  }
}
