export interface Transferred {
  current_bytes: number;
  total_bytes: number;
}

export type Report = (progress: Transferred) => void;

const REPORT_EVERY_MS = 250;

/** Passes a transfer's progress on, at most four times a second and only where it is news. */
export class ThrottledReport {
  readonly #report: Report | undefined;
  #last: Transferred = { current_bytes: 0, total_bytes: 0 };
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** `sum` is only asked for where a report is due. */
  offer(sum: () => Transferred): void {
    if (performance.now() - this.#lastAt >= REPORT_EVERY_MS) this.end(sum());
  }

  /** Reports what was held back. */
  end({ current_bytes, total_bytes }: Transferred): void {
    if (current_bytes === this.#last.current_bytes && total_bytes === this.#last.total_bytes) return;
    this.#last = { current_bytes, total_bytes };
    this.#lastAt = performance.now();
    this.#report?.(this.#last);
  }
}
