import { digestOf } from "../hex-id.ts";

/** Which blobs each repository of a registry has. As on a real one they outlive the manifests that name them. */
export class RegistryBlobs {
  readonly #sizes = new Map<string, Map<string, number>>();
  /** Of few: a simulated layer has a digest and a size, and no content. */
  readonly #contents = new Map<string, Buffer>();

  /** Those with any blob, which is what a registry's catalog goes by. */
  repositories(): string[] {
    return [...this.#sizes.keys()];
  }

  link(repository: string, digest: string, sizeBytes: number): void {
    const sizes = this.#sizes.get(repository) ?? new Map<string, number>();
    this.#sizes.set(repository, sizes.set(digest, sizeBytes));
  }

  store(repository: string, content: Buffer): string {
    const digest = digestOf(content);
    this.#contents.set(digest, content);
    this.link(repository, digest, content.length);
    return digest;
  }

  /** False where `from` does not have it. */
  mount(digest: string, from: string, to: string): boolean {
    const sizeBytes = this.sizeOf(from, digest);
    if (sizeBytes === null) return false;
    this.link(to, digest, sizeBytes);
    return true;
  }

  unlink(repository: string, digest: string): boolean {
    return this.#sizes.get(repository)?.delete(digest) ?? false;
  }

  sizeOf(repository: string, digest: string): number | null {
    return this.#sizes.get(repository)?.get(digest) ?? null;
  }

  /** Null for a blob without content. */
  read(digest: string): Buffer | null {
    return this.#contents.get(digest) ?? null;
  }
}
