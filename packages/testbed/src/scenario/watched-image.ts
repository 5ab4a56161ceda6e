import type { BerthClient } from "@berth/api/client.ts";
import type { ImageDetails, ImagePhase } from "@berth/spec/image.ts";
import { waitUntil } from "../fleet/wait-until.ts";

const PATIENCE_MS = 60_000;

/** An image as people follow it through the API. */
export class WatchedImage {
  readonly image_id: number;
  readonly reader: BerthClient;

  constructor(reader: BerthClient, { image_id }: { image_id: number }) {
    this.reader = reader;
    this.image_id = image_id;
  }

  get ref(): { image_id: number } {
    return { image_id: this.image_id };
  }

  see(): Promise<ImageDetails> {
    return this.reader.image.get.query(this.ref);
  }

  /** Waits until the API shows it so; throws with what it showed last. */
  async until(
    what: string,
    condition: (seen: ImageDetails) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<ImageDetails> {
    let seen = await this.see();
    try {
      await waitUntil(what, timeoutMs, async () => condition((seen = await this.see())));
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(seen)}`, { cause: error });
    }
    return seen;
  }

  reaches(wanted: ImagePhase, timeoutMs?: number): Promise<ImageDetails> {
    return this.until(`the image to be ${wanted}`, ({ phase }) => phase === wanted, timeoutMs);
  }

  /** Waits until nothing knows it any more. */
  async isGone(timeoutMs = PATIENCE_MS): Promise<void> {
    await waitUntil("the image to be gone", timeoutMs, () =>
      this.see().then(
        () => false,
        (error: Error) => error.message.includes("There is no image"),
      ),
    );
  }
}
