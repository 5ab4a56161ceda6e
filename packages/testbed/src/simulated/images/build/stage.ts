import { digestOf } from "../../hex-id.ts";
import type { Daemon } from "../../daemon.ts";
import type { Files } from "../../process/file-layer.ts";
import type { ImageConfig } from "../../wire.ts";
import type { ImageRecord } from "../image-store.ts";

/** One stage of a Dockerfile while it is built: its base, and what the instructions made of it so far. */
export class Stage {
  readonly name: string | null;
  readonly base: ImageRecord | null;
  config: ImageConfig;
  files: Files;
  /** ARGs that were declared, with their values; the environment goes before them. */
  readonly args = new Map<string, string>();
  #layers: string[];
  #sizeBytes: number;
  #isChanged = false;

  constructor(name: string | null, base: ImageRecord | null) {
    this.name = name;
    this.base = base;
    this.config = { ...base?.config };
    this.files = new Map(base?.files);
    this.#layers = [...(base?.layers ?? [])];
    this.#sizeBytes = base?.size_bytes ?? 0;
  }

  variables(): Map<string, string> {
    const env = (this.config.Env ?? []).map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    });
    return new Map([...this.args, ...env]);
  }

  /** The last of a name counts. */
  configure(config: ImageConfig): void {
    const env = new Map((config.Env ?? []).map((line) => [line.split("=")[0], line]));
    this.config = { ...config, Env: [...env.values()] };
    this.#isChanged = true;
  }

  /** A layer of these changes (null deletes), as a step makes one even where nothing changed. */
  addLayer(changes: Iterable<[string, Uint8Array | null]>): void {
    const content: string[] = [];
    for (const [path, bytes] of changes) {
      if (bytes) this.files.set(path, bytes);
      else this.files.delete(path);
      this.#sizeBytes += bytes?.length ?? 0;
      content.push(`${path}:${bytes ? digestOf(Buffer.from(bytes).toString("latin1")) : "deleted"}`);
    }
    this.#layers.push(digestOf("layer", ...content));
    this.#isChanged = true;
  }

  /** The image as the engine keeps it: the base itself where nothing was changed. */
  finish(daemon: Daemon): ImageRecord {
    if (this.base && !this.#isChanged) return this.base;
    const created = daemon.time.nowNs();
    const image: ImageRecord = {
      id: digestOf("build", JSON.stringify(this.config), ...this.#layers, String(created)),
      parent_id: this.base?.id ?? null,
      config: this.config,
      created_ns: created,
      comment: "",
      author: "",
      size_bytes: this.#sizeBytes,
      layers: this.#layers,
      files: this.files,
      last_tag_ns: null,
    };
    daemon.images.byId.set(image.id, image);
    return image;
  }
}
