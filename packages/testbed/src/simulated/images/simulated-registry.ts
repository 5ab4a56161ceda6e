import { digestOf } from "../hex-id.ts";
import type { ImageConfig } from "../wire.ts";
import type { Files } from "../process/file-layer.ts";
import { type ImageReference, formatReference } from "./image-reference.ts";

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
}

/**
 * The registry that simulated engines share: what one pushes, another pulls. `isInventive` answers every name, so that a
 * demo needs no registry; otherwise only what was pushed or published is there.
 */
export class SimulatedRegistry {
  readonly isInventive: boolean;
  /** Set by whoever keeps its content: called after every push. */
  onChange: () => void = () => {};
  readonly #images = new Map<string, RegistryImage>();

  constructor(options: { isInventive?: boolean } = {}) {
    this.isInventive = options.isInventive ?? false;
  }

  put(reference: ImageReference, image: RegistryImage): void {
    this.#images.set(formatReference(reference), image);
    this.#images.set(`${reference.repository}@${image.digest}`, image);
    this.onChange();
  }

  /** Everything by every name, to be kept. */
  entries(): [string, RegistryImage][] {
    return [...this.#images];
  }

  restore(entries: Iterable<[string, RegistryImage]>): void {
    for (const [name, image] of entries) this.#images.set(name, image);
  }

  /** Makes up an image, and answers its manifest's digest. */
  publish(reference: ImageReference, config: ImageConfig = {}, sizeBytes = INVENTED_BYTES): RegistryImage {
    const image = inventImage(reference, config, sizeBytes);
    this.put(reference, image);
    return image;
  }

  find(reference: ImageReference): RegistryImage | null {
    const known = this.#images.get(formatReference(reference));
    if (known || !this.isInventive) return known ?? null;
    return inventImage(reference, {}, INVENTED_BYTES); // the same every time, so it needs no place here
  }

  /** False where nothing listens: a host of which nothing was ever put or published. */
  hasHost(host: string): boolean {
    return this.isInventive || [...this.#images.keys()].some((name) => name.startsWith(`${host}/`));
  }

  remove(reference: ImageReference): void {
    this.#images.delete(formatReference(reference));
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
  return {
    digest: reference.digest ?? digestOf("manifest", name, JSON.stringify(whole)),
    image_id: digestOf("config", name, JSON.stringify(whole)),
    config: whole,
    size_bytes: sizeBytes,
    layers: [digestOf("layer", name)],
    files: new Map(),
  };
}
