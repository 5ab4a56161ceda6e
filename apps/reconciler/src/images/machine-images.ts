import type { ImageRow } from "@berth/db/images/load.ts";
import { findEvictable, forgetPlace, type PlaceRow, type PlaceWrite, writePlace } from "@berth/db/images/places.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { PullNews, Wanted } from "../containers/pulls.ts";
import { chooseEviction, type Evictable } from "../plan/images/choose-eviction.ts";
import { repositoryIn, repositoryOf } from "../registry/registry-access.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import type { Priority } from "../queue/work-queue.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { desiredImageOf, imageMemoryOf, isLocal, type KnownImage, newKnownImage } from "./known-image.ts";

const imageKey = (imageId: number): string => `i/${imageId}`;
/** What is on the machine that nobody can want, or that is wanted there and is not. */
const placesKey = (machineId: string): string => `p/${machineId}`;

/** An attempt that nobody waited for may still end, and leave what it made: it is looked for until then. */
const LATE_MS = 15 * 60_000;
const CLEAR_AGAIN_MS = 60_000;
const PROGRESS_EVERY_MS = 1_000;
const TOUCH_EVERY_MS = 3_600_000;
/** A token names each, and tokens have an end. */
const MOUNTABLE_AT_MOST = 60;

/** Images on one machine: those that are made there, and those that Berth has put there. */
export class MachineImages {
  readonly making = new Map<number, KnownImage>();
  readonly places = new Map<string, PlaceRow>();
  readonly #session: MachineSession;
  #isRelieving = false;
  readonly #progressAt = new Map<string, number>();
  #notes: Promise<void> = Promise.resolve();

  constructor(session: MachineSession) {
    this.#session = session;
  }

  /** Once, when the machine becomes ours. */
  async load(): Promise<void> {
    const session = this.#session;
    const { loads } = session.context;
    const { machine_id } = session.owner;
    for (const place of await loads.places(machine_id)) this.places.set(place.reference, place);
    if (this.places.size > 0) this.#enqueuePlaces(PRIORITY.resync);
    for (const row of await loads.images(machine_id)) this.upsert(row);
    // What a process before us has begun to save may be paused for it.
    for (const { row } of this.making.values()) {
      const isCommitting = row.status.phase === "Committing" && row.status.observed_run < row.run;
      if (isCommitting && row.origin) session.containers.get(row.origin.uid)?.savers.add(row.image_id);
    }
  }

  /** As all of them were just read, for notices were lost: only people's wishes and deletions are news. */
  takeNews(places: readonly PlaceRow[]): void {
    for (const place of places) if (place.image_id === null || place.wanted) this.places.set(place.reference, place);
    this.#enqueuePlaces(PRIORITY.resync);
  }

  /** Takes over a row as it was just read, and looks at it. */
  upsert(row: ImageRow): void {
    const known = this.making.get(row.image_id) ?? newKnownImage(row);
    this.making.set(row.image_id, known);
    // What its owner has changed gets a fresh chance.
    if (row.generation !== known.row.generation) known.failure = null;
    if (known.job === null && row.status.version >= known.row.status.version) known.row = row;
    else known.isStale = true;
    if (row.cancelled) known.job?.aborting.abort();
    this.enqueue(known, PRIORITY.user);
  }

  /** A row that is not made here (or not any more), or that is gone: null. */
  notice(imageId: number, row: ImageRow | null): void {
    if (row === null) return this.forget(imageId);
    const known = this.making.get(imageId);
    if (!known) return;
    known.row = { ...known.row, desired: row.desired };
    known.job?.aborting.abort();
    this.enqueue(known, PRIORITY.user);
  }

  /** As it was just read: an admin may want it here, or not any more. */
  noticePlace(place: PlaceRow): void {
    this.places.set(place.reference, place);
    if (isMissing(place)) this.#enqueuePlaces(PRIORITY.user);
  }

  /** Its row is gone. */
  forget(imageId: number): void {
    const known = this.making.get(imageId);
    known?.job?.aborting.abort();
    this.making.delete(imageId);
    // A pause for it has no more cause: the container's own plan ends it.
    for (const container of this.#session.containers.values()) {
      if (container.savers.delete(imageId)) this.#session.enqueue(container.row.uid, PRIORITY.event);
    }
    let isHere = false;
    for (const place of this.places.values()) {
      if (place.image_id !== imageId) continue;
      place.image_id = null;
      isHere = true;
    }
    if (isHere) this.#enqueuePlaces(PRIORITY.event);
  }

  enqueue(known: KnownImage, priority: Priority, delayMs = 0): void {
    const { queue } = this.#session.context;
    const key = imageKey(known.row.image_id);
    const { machine_id } = this.#session.owner;
    if (delayMs === 0) queue.add(key, machine_id, priority);
    else queue.addAfter(key, machine_id, priority, delayMs);
  }

  /** Told before the engine gets it, so that it never stays behind: cleared away with {@link clearWork}. */
  expect(imageId: number, reference: string): Promise<void> {
    if (this.places.get(reference)?.state === "present") return Promise.resolve();
    return this.note({ reference, image_id: imageId, state: "waiting" });
  }

  /** Says what became of an image here. */
  async note(write: PlaceWrite): Promise<void> {
    const session = this.#session;
    const place = await writePlace(session.sql, session.fence(), session.owner.machine_id, write);
    if (place) this.places.set(write.reference, place);
    session.context.announcer.add("image", write.image_id);
  }

  /** What a pull tells; nobody waits for it to be written. */
  notePull({ reference, image_id }: Wanted, news: PullNews): void {
    if (image_id === null) return;
    const isProgress = news.state === "pulling" && news.total > 0;
    const now = performance.now();
    if (isProgress && now - (this.#progressAt.get(reference) ?? 0) < PROGRESS_EVERY_MS) return;
    if (news.state === "pulling") this.#progressAt.set(reference, now);
    else this.#progressAt.delete(reference);
    if (news.state === "failed") this.#session.registryReach.doubt();
    // One after the other, so that the last word stays the last.
    this.#notes = this.#notes
      .then(() => this.note({ reference, image_id, ...news }))
      .catch((error: unknown) =>
        this.#session.log.debug({ err: error, reference }, "a pull's news could not be written"),
      );
  }

  /** A container is made of it now: it is the last to go under disk pressure. */
  touch(imageId: number): void {
    const place = [...this.places.values()].find(({ image_id, state }) => image_id === imageId && state === "present");
    const isFresh = place && this.#session.now() - place.last_used_at.getTime() < TOUCH_EVERY_MS;
    if (place && !isFresh) this.notePull({ reference: place.reference, image_id: imageId }, { state: "present" });
  }

  /** What was only needed to make this image goes; what does not go now, later: nothing of the image waits for it. */
  async clearWork(imageId: number): Promise<void> {
    const isWork = ({ image_id, state, wanted }: PlaceRow): boolean =>
      image_id === imageId && state === "waiting" && !wanted;
    try {
      for (const place of this.places.values()) if (isWork(place)) await this.#clear(place);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#session.log.info({ err: error, image_id: imageId }, "what an image was made by is cleared away later");
    }
    if ([...this.places.values()].some(isWork)) this.#enqueuePlaces(PRIORITY.resync, CLEAR_AGAIN_MS);
  }

  /** The disk is full: what nothing uses goes, one image after the other, as long as that is so. */
  relieve(): void {
    this.#isRelieving = true;
    this.#enqueuePlaces(PRIORITY.event);
  }

  /** What failed is tried again at once. */
  forgive(): void {
    for (const known of this.making.values()) {
      if (known.failure === null) continue;
      known.failure = { ...known.failure, retryAt: 0 };
      this.enqueue(known, PRIORITY.event);
    }
  }

  async #evict(): Promise<void> {
    const session = this.#session;
    const inUse = new Set<number>();
    for (const { row } of session.containers.values()) {
      inUse.add(row.image_id);
      for (const imageId of [row.status.image_id, ...row.held.map(({ made_from }) => made_from?.image_id)]) {
        if (typeof imageId === "number") inUse.add(imageId);
      }
    }
    for (const { row } of this.making.values()) for (const { image_id } of row.bases) inUse.add(image_id);
    const kept = new Set<number>();
    for (;;) {
      const reference = chooseEviction(this.#evictables(), new Set([...inUse, ...kept]), session.now());
      const place = reference === null ? undefined : this.places.get(reference);
      if (!place || place.image_id === null) return;
      if ((await this.#isElsewhere(place.image_id)) && (await this.#clear(place))) {
        session.log.info({ reference }, "an unused image was removed from a full disk");
        session.forgivePulls();
        return;
      }
      kept.add(place.image_id);
    }
  }

  *#evictables(): Generator<Evictable> {
    for (const { reference, image_id, state, wanted, last_used_at } of this.places.values()) {
      yield {
        reference,
        imageId: image_id,
        isPresent: state === "present",
        isPrewarmed: wanted,
        lastUsedAt: last_used_at.getTime(),
      };
    }
  }

  /** The last copy of anything is never removed: the registry has it now, and nothing here needs it. */
  async #isElsewhere(imageId: number): Promise<boolean> {
    const session = this.#session;
    const found = await findEvictable(session.sql, session.owner.machine_id, imageId);
    const registry = found && (await session.context.registry.registry());
    if (!found || !registry) return false;
    return (await registry.headManifest(repositoryOf(found.name), found.digest)) !== null;
  }

  /** Repositories of Berth's registry that this machine has something of: Docker may want to mount layers from them. */
  get repositories(): string[] {
    const pulled = [...this.places.values()]
      .filter(({ image_id, state, reference }) => image_id !== null && state === "present" && !isLocal(reference))
      .toSorted((a, b) => b.last_used_at.getTime() - a.last_used_at.getTime());
    return [...new Set(pulled.map(({ reference }) => repositoryIn(reference)))].slice(0, MOUNTABLE_AT_MOST);
  }

  /** The queue's run of `p/<machine>`: pulls what is wanted here, and clears away what nobody can want any more. */
  async run(): Promise<void> {
    if (this.#isRelieving) {
      this.#isRelieving = false;
      await this.#evict();
    }
    let isLeft = false;
    for (const place of this.places.values()) {
      if (isMissing(place)) {
        this.#session.pulls.begin({ reference: place.reference, image_id: place.image_id }, (image) => {
          if (image.state === "failed")
            this.#enqueuePlaces(PRIORITY.retry, Math.max(0, image.retryAt - this.#session.now()));
        });
        continue;
      }
      const isWork = place.image_id !== null && place.state === "waiting" && !place.wanted;
      const maker = place.image_id === null ? undefined : this.making.get(place.image_id);
      const isBeingMade = maker !== undefined && maker.row.status.observed_run < maker.row.run;
      if (place.image_id !== null && (!isWork || isBeingMade)) continue;
      if (!(await this.#clear(place))) isLeft = true;
    }
    if (isLeft) this.#enqueuePlaces(PRIORITY.resync, CLEAR_AGAIN_MS);
  }

  /** False where something on the machine still needs it. */
  async #clear(place: PlaceRow): Promise<boolean> {
    const session = this.#session;
    const { reference } = place;
    try {
      await session.mutate(() => session.engine.removeImage(reference));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.kind === "conflict") return false;
      if (error.kind !== "not_found") throw error;
      const age = session.now() - place.last_used_at.getTime();
      if (place.state === "waiting" && age < LATE_MS) return false;
    }
    session.crash("after-image-clear");
    await forgetPlace(session.sql, session.fence(), session.owner.machine_id, reference);
    this.places.delete(reference);
    return true;
  }

  retryPlaces(): void {
    this.#enqueuePlaces(PRIORITY.retry, 10_000);
  }

  /** After the engine was away: what waits on it is looked at again. */
  enqueueAll(): void {
    for (const known of this.making.values()) this.enqueue(known, PRIORITY.event);
    if (this.places.size > 0) this.#enqueuePlaces(PRIORITY.resync);
  }

  #enqueuePlaces(priority: Priority, delayMs = 0): void {
    const { queue } = this.#session.context;
    const { machine_id } = this.#session.owner;
    if (delayMs === 0) queue.add(placesKey(machine_id), machine_id, priority);
    else queue.addAfter(placesKey(machine_id), machine_id, priority, delayMs);
  }

  /** Ends what is under way: another process goes on with it, or this one when the machine is ours again. */
  abortAll(): void {
    for (const { job } of this.making.values()) job?.aborting.abort();
  }

  /** Whether nothing more is to be done for it here. */
  isFinished(known: KnownImage): boolean {
    return known.job === null && imageMemoryOf(known).observedRun >= desiredImageOf(known.row).run;
  }
}

/** Wanted here, and not yet. */
const isMissing = (place: PlaceRow): place is PlaceRow & { image_id: number } =>
  place.wanted && place.image_id !== null && place.state !== "present";
