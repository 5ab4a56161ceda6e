import { posix } from "node:path";

/** Files by absolute path. */
export type Files = Map<string, Uint8Array>;

/** As old as the test image says that it is. */
const MADE_MS = Date.UTC(2024, 0, 1);

/** A volume as one container sees it. */
export interface MountedFiles {
  target: string;
  files: Files;
  isReadOnly: boolean;
}

/**
 * The writable layer of one container over its image's files, in memory. Nothing is copied until the container writes;
 * what lies in a volume is the volume's, and no commit takes it.
 */
export class FileLayer {
  readonly #base: ReadonlyMap<string, Uint8Array>;
  readonly #mounts: readonly MountedFiles[];
  /** null is a file of the image that the container has deleted. */
  #own: Map<string, Uint8Array | null> | null = null;
  /** Of what was unpacked into the container: nothing else has one here. */
  #modes: Map<string, number> | null = null;

  /** Of what was put into it; the rest is as old as {@link MADE_MS}. */
  #modified: Map<string, number> | null = null;

  constructor(base: ReadonlyMap<string, Uint8Array>, mounts: readonly MountedFiles[] = []) {
    this.#base = base;
    this.#mounts = mounts;
  }

  read(path: string): Uint8Array | null {
    const mount = this.#mountOf(path);
    if (mount) return mount.files.get(path.slice(mount.target.length)) ?? null;
    const own = this.#own?.get(path);
    return own === undefined ? (this.#base.get(path) ?? null) : own;
  }

  /** False where the path lies in a volume that is mounted read-only. */
  write(path: string, content: Uint8Array | null): boolean {
    const mount = this.#mountOf(path);
    if (mount?.isReadOnly) return false;
    if (mount && content) mount.files.set(path.slice(mount.target.length), content);
    else if (mount) mount.files.delete(path.slice(mount.target.length));
    else (this.#own ??= new Map()).set(path, content);
    return true;
  }

  modeOf(path: string): number {
    return this.#modes?.get(path) ?? 0o644;
  }

  setMode(path: string, mode: number): void {
    (this.#modes ??= new Map()).set(path, mode);
  }

  /** Milliseconds since 1970. */
  modifiedOf(path: string): number {
    return this.#modified?.get(path) ?? MADE_MS;
  }

  setModified(path: string, ms: number): void {
    (this.#modified ??= new Map()).set(path, ms);
  }

  /** The paths of all files below a folder, from there. */
  *below(folder: string): Generator<string> {
    const prefix = folder === "/" ? "/" : `${folder}/`;
    for (const path of this.#paths()) if (path.startsWith(prefix)) yield path.slice(prefix.length);
  }

  /** The names directly below a folder, or null where no file lies below it. */
  list(folder: string): string[] | null {
    const prefix = folder === "/" ? "/" : `${folder}/`;
    const names = new Set<string>();
    for (const path of this.#paths()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/")[0] ?? "");
    }
    const isMountPoint = this.#mounts.some((mount) => mount.target === folder);
    return names.size === 0 && folder !== "/" && !isMountPoint ? null : [...names].toSorted();
  }

  /** What a commit takes: the image's files with the container's changes, without volumes. */
  committed(): Files {
    const files: Files = new Map(this.#base);
    for (const [path, content] of this.#own ?? []) {
      if (content) files.set(path, content);
      else files.delete(path);
    }
    return files;
  }

  /** The container's own changes, to be kept over a restart of the engine. */
  changes(): [string, Uint8Array | null][] {
    return [...(this.#own ?? [])];
  }

  sizeBytes(): number {
    return [...(this.#own?.values() ?? [])].reduce((sum, content) => sum + (content?.length ?? 0), 0);
  }

  #mountOf(path: string): MountedFiles | undefined {
    return this.#mounts.find((mount) => path.startsWith(`${mount.target}/`));
  }

  *#paths(): Generator<string> {
    for (const path of this.#base.keys()) if (this.read(path)) yield path;
    for (const [path, content] of this.#own ?? []) if (content && !this.#base.has(path)) yield path;
    for (const mount of this.#mounts) for (const path of mount.files.keys()) yield mount.target + path;
  }
}

export function resolvePath(folder: string, path: string): string {
  return posix.resolve(folder, path);
}
