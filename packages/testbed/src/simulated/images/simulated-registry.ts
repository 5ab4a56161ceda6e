import { z } from "zod";
import { digestOf } from "../hex-id.ts";
import type { ImageConfig } from "../wire.ts";
import type { Files } from "../process/file-layer.ts";
import { describeImage, type ImageManifest } from "./image-manifest.ts";
import { type ImageReference, formatReference, repositoryOf } from "./image-reference.ts";
import { RegistryBlobs } from "./registry-blobs.ts";

const INVENTED_BYTES = 4 * 1024 * 1024;

/** What a registry holds of one image. */
export interface RegistryImage {
  /** Of the manifest, by which it can be pulled for ever. */
  digest: string;
  image_id: string;
  config: ImageConfig;
  size_bytes: number;
  layers: string[];
  files: Files;
  /** Null of an image that was made up, or kept by an earlier release: engines alone know it. */
  manifest: ImageManifest | null;
}

const Descriptor = z.object({ digest: z.string(), size: z.number() });
const Descriptors = z.object({ config: Descriptor, layers: z.array(Descriptor) });

/**
 * The registry that simulated engines share: what one pushes, another pulls. `isInventive` answers every name, so that a
 * demo needs no registry, except under the address at which it is served; otherwise only what was pushed or published is
 * there.
 */
export class SimulatedRegistry {
  readonly isInventive: boolean;
  readonly blobs = new RegistryBlobs();
  /** As during garbage collection: it takes nothing, and deletes nothing. */
  isReadOnly = false;
  /** `host:port` at which it answers over HTTP: under it nothing is made up. */
  address: string | null = null;
  /** Set by whoever keeps its content: called after every push. */
  onChange: () => void = () => {};
  readonly #images = new Map<string, RegistryImage>();
  /** Also of images that were deleted: whoever has the manifest may put it again. */
  readonly #byDigest = new Map<string, RegistryImage>();

  constructor(options: { isInventive?: boolean } = {}) {
    this.isInventive = options.isInventive ?? false;
  }

  put(reference: ImageReference, image: RegistryImage): void {
    this.#keep(formatReference(reference), image);
    this.#keep(`${reference.repository}@${image.digest}`, image);
    this.onChange();
  }

  /** Everything by every name, to be kept. */
  entries(): [string, RegistryImage][] {
    return [...this.#images];
  }

  restore(entries: Iterable<[string, RegistryImage]>): void {
    for (const [name, image] of entries) this.#keep(name, image);
  }

  /** Makes up an image, and answers its manifest's digest. */
  publish(reference: ImageReference, config: ImageConfig = {}, sizeBytes = INVENTED_BYTES): RegistryImage {
    const image = inventImage(reference, config, sizeBytes);
    this.put(reference, image);
    return image;
  }

  find(reference: ImageReference): RegistryImage | null {
    const known = this.#images.get(formatReference(reference));
    if (known || !this.isInventive || this.#isServed(reference.repository)) return known ?? null;
    return inventImage(reference, {}, INVENTED_BYTES); // the same every time, so it needs no place here
  }

  findDigest(digest: string): RegistryImage | null {
    return this.#byDigest.get(digest) ?? null;
  }

  /** The repository of the same host that has the layer, the named one before all others; null where none has it. */
  holderOf(layer: string, { repository }: ImageReference): { repository: string } | null {
    const host = repository.split("/")[0] ?? "";
    const holders = [...this.#images]
      .filter(([name, image]) => name.startsWith(`${host}/`) && image.layers.includes(layer))
      .map(([name]) => ({ repository: repositoryOf(name) }));
    return holders.find((holder) => holder.repository === repository) ?? holders[0] ?? null;
  }

  /** False where nothing listens: a host of which nothing was ever put or published, unless nothing was anywhere. */
  hasHost(host: string): boolean {
    return (
      this.isInventive ||
      host === this.address ||
      this.#images.size === 0 ||
      [...this.#images.keys()].some((name) => name.startsWith(`${host}/`))
    );
  }

  remove(reference: ImageReference): void {
    this.#images.delete(formatReference(reference));
    this.onChange();
  }

  /** Deletes a manifest with every tag of the repository that names it. False where it is not there. */
  removeManifest(repository: string, digest: string): boolean {
    if (!this.#images.delete(`${repository}@${digest}`)) return false;
    for (const [name, image] of this.#images) {
      if (image.digest === digest && repositoryOf(name) === repository) this.#images.delete(name);
    }
    this.onChange();
    return true;
  }

  tagsOf(repository: string): string[] {
    const start = `${repository}:`;
    return [...this.#images.keys()].flatMap((name) => (name.startsWith(start) ? name.slice(start.length) : []));
  }

  #isServed(repository: string): boolean {
    return this.address !== null && repository.startsWith(`${this.address}/`);
  }

  #keep(name: string, image: RegistryImage): void {
    this.#images.set(name, image);
    this.#byDigest.set(image.digest, image);
    if (!image.manifest) return;
    const repository = repositoryOf(name);
    const { config, layers } = Descriptors.parse(JSON.parse(image.manifest.text));
    for (const { digest, size } of [config, ...layers]) this.blobs.link(repository, digest, size);
    if (image.manifest.config_text !== null) this.blobs.store(repository, Buffer.from(image.manifest.config_text));
  }
}

/** The same name gives the same content everywhere. By default a shell, which lives as long as its input is open. */
function inventImage(reference: ImageReference, config: ImageConfig, sizeBytes: number): RegistryImage {
  const name = formatReference(reference);
  const whole: ImageConfig = {
    Cmd: ["sh"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    ...config,
  };
  const image = {
    image_id: digestOf("config", name, JSON.stringify(whole)),
    config: whole,
    layers: [digestOf("layer", name)],
  };
  const manifest = reference.digest === null ? describeImage(image) : null;
  return {
    ...image,
    digest: reference.digest ?? digestOf(describeImage(image).text),
    size_bytes: sizeBytes,
    files: new Map(),
    manifest,
  };
}
