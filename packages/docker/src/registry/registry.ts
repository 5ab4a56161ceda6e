import type { CallOptions } from "../engine.ts";

/**
 * What Berth uses of one CNCF distribution registry, 2.8 or 3.x, and nothing more.
 *
 * Every call settles: it answers, or throws a {@link RegistryError}, no later than its deadline. A call that changes
 * something and ends with `unreachable` may have done it: look again before acting. Each is safe to repeat.
 *
 * Repositories are named without the registry (`alice/work`); names, tags and digests are checked before they reach a path.
 */
export interface Registry {
  /** That it answers, and takes our tokens. */
  check(options?: CallOptions): Promise<void>;
  /** What a tag or digest stands for; null where the registry has none. */
  headManifest(repository: string, reference: string, options?: CallOptions): Promise<ManifestHead | null>;
  /**
   * What a manifest holds; null where the registry has none. `protocol` for a manifest of a kind that no engine runs, and
   * for one that claims more than 10 TiB or 1,000 layers.
   */
  describe(repository: string, digest: string, options?: CallOptions): Promise<DescribedManifest | null>;
  /** What an image says of itself: `config_digest` of {@link describe}. Null where it is gone. */
  readConfig(repository: string, digest: string, options?: CallOptions): Promise<ImageConfig | null>;
  /** With every tag that it has. False where it was gone. */
  deleteManifest(repository: string, digest: string, options?: CallOptions): Promise<boolean>;
  /** Sorted; empty where there is no such repository. */
  listTags(repository: string, options?: CallOptions): Promise<string[]>;
  /** Sorted. Emptied repositories stay listed. */
  listRepositories(options?: CallOptions): Promise<string[]>;
  /**
   * Gives a manifest a tag in another repository, with the same bytes and so the same digest. Blobs are mounted, and
   * copied through this process only where the registry refuses that. `not_found` where the source is gone. There is no
   * total limit unless one is asked for: it is aborted after `stallTimeoutMs` (default 2 min) in which nothing moved.
   */
  copyManifest(
    from: { repository: string; digest: string },
    to: { repository: string; tag: string },
    options?: CallOptions & { stallTimeoutMs?: number },
  ): Promise<{ digest: string }>;
  /**
   * Gives another repository the layers of an image, so that who pushes what is made of it need not have them. They are
   * mounted, as with {@link copyManifest}. False where the image is gone.
   */
  mountLayers(
    from: { repository: string; digest: string },
    to: string,
    options?: CallOptions & { stallTimeoutMs?: number },
  ): Promise<boolean>;
  /**
   * Puts an empty manifest that exists only once in place of a tag, and answers its digest, which is then to be deleted:
   * the way to drop one of two tags with one digest, since 2.8 deletes by digest only, and all its tags with it.
   */
  replaceByEmpty(repository: string, tag: string, options?: CallOptions): Promise<string>;
  /** Ends every open request and connection. Later calls throw `closed`. */
  close(): void;
}

export interface ManifestHead {
  /** `sha256:…` */
  digest: string;
  media_type: string;
  /** Of the manifest itself. */
  size_bytes: number;
}

export interface DescribedManifest {
  media_type: string;
  /** All blobs, compressed and as the registry holds them, each counted once: of an index those of every platform. */
  size_bytes: number;
  /** Lowest first; of an index those of linux on this process's architecture, none where it is not among them. */
  layers: { digest: string; size: number }[];
  /** Of the same platform; null where an index does not hold it. */
  config_digest: string | null;
  /** "linux/amd64", "linux/arm64/v8": of an index each once; empty for a manifest of one platform, which does not say. */
  platforms: string[];
}

/** The part of an image's configuration that a container starts with. */
export interface ImageConfig {
  command: string[];
  entrypoint: string[];
  /** `NAME=value` */
  env: string[];
  /** "8888/tcp" */
  exposed_ports: string[];
  working_dir: string;
}

export type RegistryErrorKind =
  /** Nothing is known about the outcome: a deadline, a lost or refused connection. */
  | "unreachable"
  /** It does not take our token, or its certificate is not accepted (401, 403). */
  | "rejected"
  /** There is no such thing (404). */
  | "not_found"
  /** It failed (5xx), or has too much to do (429). */
  | "failed"
  /** It takes no changes now (405): garbage is collected, or deletes are switched off. */
  | "read_only"
  /** What answered is no registry, or refuses what one must take: a redirect, a cut or oversized body, another digest. */
  | "protocol"
  /** `close()` was called, or the caller's signal aborted. */
  | "closed";

/** The one error that a {@link Registry} throws. `message` is fit for a person; it never holds a token. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly kind: RegistryErrorKind;
  /** The HTTP status, where there was one. */
  readonly status: number | null;

  constructor(kind: RegistryErrorKind, message: string, details: { status?: number | null; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.status = details.status ?? null;
  }
}
