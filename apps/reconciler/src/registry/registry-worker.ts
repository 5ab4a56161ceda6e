import type { ImageRow, ImageStatusRow } from "@berth/db/images/load.ts";
import { loadReadyImages } from "@berth/db/images/load.ts";
import { writeImageStatus } from "@berth/db/images/write-status.ts";
import type { Fence } from "@berth/db/leases/fence.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { LeaseLostError, NotYetError, StaleRowError } from "../failures.ts";
import type { SessionContext } from "../machines/session-context.ts";
import { backoffMs, CRASH_LOOP } from "../queue/backoff.ts";
import { type Priority, PRIORITY } from "../queue/work-queue.ts";
import { copyImage } from "./copy-image.ts";
import { deleteImage } from "./delete-image.ts";
import { verifyImage } from "./verify-image.ts";

const GROUP = "@registry";
const registryKey = (imageId: number): string => `r/${imageId}`;

/** What is done on the registry alone, without a machine: deletions, copies, and looks at whether all is there. */
export class RegistryWorker {
  readonly context: SessionContext;
  readonly #rows = new Map<number, ImageRow>();
  readonly #failures = new Map<number, number>();
  /** Those whose lease was away when they were looked at. */
  readonly #lapsed = new Set<number>();

  constructor(context: SessionContext) {
    this.context = context;
  }

  /** Asks for a look at an image as it was just read, where it is of a shard of ours. */
  look(row: ImageRow, priority: Priority): void {
    if (this.context.fenceOf(row.shard) === null || !isForRegistry(row)) return;
    this.#rows.set(row.image_id, row);
    this.context.queue.add(registryKey(row.image_id), GROUP, priority);
  }

  /** The registry is another, or back. */
  lookAgain(): void {
    this.#failures.clear();
    for (const imageId of this.#rows.keys()) this.context.queue.add(registryKey(imageId), GROUP, PRIORITY.event);
  }

  /** Leases are held again. */
  resume(): void {
    for (const imageId of this.#lapsed) this.context.queue.add(registryKey(imageId), GROUP, PRIORITY.event);
    this.#lapsed.clear();
  }

  /** Looks at every image that is said to be ready, in no hurry. */
  async verifyAll(shards: readonly number[]): Promise<number> {
    const imageIds = await loadReadyImages(this.context.sql, shards);
    for (const imageId of imageIds) this.context.queue.add(registryKey(imageId), GROUP, PRIORITY.resync);
    return imageIds.length;
  }

  /** The queue's run of `r/<image>`. */
  async run(key: string): Promise<void> {
    const imageId = Number(key.slice(registryKey(0).length - 1));
    try {
      await this.#reconcile(imageId);
      this.#failures.delete(imageId);
      this.#rows.delete(imageId);
    } catch (error) {
      this.#after(imageId, error);
    }
  }

  async #reconcile(imageId: number): Promise<void> {
    const [row] = await this.context.loadImages({ image_ids: [imageId] });
    if (!row) return;
    this.#rows.set(imageId, row);
    if (row.desired === "absent") await deleteImage(this, row);
    else if (isUnfinishedCopy(row)) await copyImage(this, row);
    else if (row.status.phase === "Ready") await verifyImage(this, row);
    else if (row.status.observed_generation < row.generation) await this.write(row, {});
  }

  #after(imageId: number, error: unknown): void {
    const { log, queue, random } = this.context;
    if (error instanceof LeaseLostError) {
      this.#rows.delete(imageId);
      this.#lapsed.add(imageId);
      return;
    }
    if (error instanceof StaleRowError) return queue.add(registryKey(imageId), GROUP, PRIORITY.user);
    if (error instanceof NotYetError) return queue.addAfter(registryKey(imageId), GROUP, PRIORITY.retry, error.retryMs);
    const count = (this.#failures.get(imageId) ?? 0) + 1;
    this.#failures.set(imageId, count);
    log.warn({ err: error, image_id: imageId }, "an image is not on the registry as it should be");
    queue.addAfter(registryKey(imageId), GROUP, PRIORITY.retry, Math.max(500, backoffMs(CRASH_LOOP, count, random())));
    const row = this.#rows.get(imageId);
    const message = error instanceof Error ? error.message : String(error);
    if (row && row.status.phase !== "Ready" && row.status.message !== message)
      void this.write(row, { message }).catch((again: unknown) =>
        log.debug({ err: again }, "could not tell a failure"),
      );
  }

  fence(row: ImageRow): Fence {
    const fence = this.context.fenceOf(row.shard);
    if (!fence) throw new LeaseLostError();
    return fence;
  }

  async registry(): Promise<NonNullable<Awaited<ReturnType<SessionContext["registry"]["registry"]>>>> {
    const registry = await this.context.registry.registry();
    if (registry) return registry;
    const record = await this.context.registry.record();
    throw new RegistryError("unreachable", record?.message ?? "There is no registry: see RegistryMissing.");
  }

  /** Writes what is new; a row that somebody else wrote meanwhile is stale. */
  async write(row: ImageRow, changes: Partial<ImageStatusRow>): Promise<void> {
    const status = { ...row.status, ...changes, observed_generation: row.generation };
    const version = await writeImageStatus(this.context.sql, this.fence(row), row.image_id, status);
    if (version === null) throw new StaleRowError();
    row.status = { ...status, version };
    this.context.announcer.add("image", row.image_id);
  }

  tell(row: ImageRow, kind: "normal" | "warning", reason: string, message: string): void {
    this.context.told.tell({ noun: "image", id: String(row.image_id), kind, reason, message });
  }
}

const isUnfinishedCopy = ({ recipe, run, status }: ImageRow): boolean =>
  recipe?.type === "copy" && status.observed_run < run;

/** The machine on which it is made tells all else. */
const isForRegistry = (row: ImageRow): boolean =>
  row.desired === "absent" ||
  row.machine_id === null ||
  (row.status.phase === "Ready" && row.status.observed_run >= row.run);
