import { z } from "zod";
import type { PullOptions } from "../engine.ts";

/** One line of a pull's stream. `error` is deprecated and `errorDetail` its successor; both are sent. */
export const PullLine = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
});

const REPORT_EVERY_MS = 250;

interface Layer {
  status: string;
  current: number;
  total: number;
}

/** Adds up the layers of a pull, reports the sum at most four times a second, and tells movement from idle chatter. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();
  readonly #report: PullOptions["onProgress"];
  #reportedAt = Number.NEGATIVE_INFINITY;
  #isReported = true;

  constructor(report: PullOptions["onProgress"]) {
    this.#report = report;
  }

  /** Whether anything moved: an engine also repeats itself, and counts down the seconds to its next try. */
  take({ id = "", status = "", progressDetail }: z.infer<typeof PullLine>): boolean {
    const before = this.#layers.get(id);
    const isDownload = status === "Downloading";
    const layer: Layer = {
      status,
      current: progressDetail?.current ?? 0,
      total: isDownload ? (progressDetail?.total ?? before?.total ?? 0) : (before?.total ?? 0),
    };
    const hasMoved = status !== before?.status || layer.current !== before.current;
    this.#layers.set(id, layer);
    if (hasMoved) this.#isReported = false;
    this.#reportIfDue();
    return hasMoved && !status.startsWith("Retrying in");
  }

  /** Reports what was held back. */
  end(): void {
    this.#reportedAt = Number.NEGATIVE_INFINITY;
    this.#reportIfDue();
  }

  #reportIfDue(): void {
    const now = performance.now();
    if (!this.#report || this.#isReported || now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#isReported = true;
    let current_bytes = 0;
    let total_bytes = 0;
    for (const { status, current, total } of this.#layers.values()) {
      if (total === 0) continue;
      total_bytes += total;
      current_bytes += status === "Downloading" ? Math.min(current, total) : status.startsWith("Retrying") ? 0 : total;
    }
    if (total_bytes > 0) this.#report({ current_bytes, total_bytes });
  }
}
