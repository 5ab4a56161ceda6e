/** An image that Berth put on a machine. Times are wall clock, ms. */
export interface Evictable {
  reference: string;
  /** Null: its row is gone. */
  imageId: number | null;
  isPresent: boolean;
  /** An admin wants it there. */
  isPrewarmed: boolean;
  lastUsedAt: number;
}

/** What was pulled a moment ago is about to be used (as the kubelet has it). */
const MIN_AGE_MS = 120_000;

/**
 * What goes next from a machine whose disk is full, or null: of what Berth put there, the image that was used least
 * recently, never one that a container, a hold, a prewarm or work under way wants.
 */
export function chooseEviction(images: Iterable<Evictable>, inUse: ReadonlySet<number>, now: number): string | null {
  let oldest: Evictable | null = null;
  for (const image of images) {
    const isWanted = image.isPrewarmed || image.imageId === null || inUse.has(image.imageId);
    if (!image.isPresent || isWanted || now - image.lastUsedAt < MIN_AGE_MS) continue;
    if (oldest === null || image.lastUsedAt < oldest.lastUsedAt) oldest = image;
  }
  return oldest?.reference ?? null;
}
