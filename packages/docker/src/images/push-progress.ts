import type { z } from "zod";
import { isRetrying, type PullLine } from "./pull-progress.ts";
import { type Report, ThrottledReport, type Transferred } from "./throttled-report.ts";

interface Layer {
  status: string;
  /** As Docker said last. */
  at: number;
  /** The furthest that it ever was: a retried layer begins anew, but no bar runs backwards. */
  current: number;
  total: number;
}

/**
 * Adds up the layers of a push that are sent. Docker counts a layer's bytes unpacked, with the tar's padding on top of
 * its total, and the containerd store counts them packed: a share of the whole, not what goes over the wire.
 */
export class PushProgress {
  readonly #layers = new Map<string, Layer>();
  readonly #report: ThrottledReport;

  constructor(report: Report | undefined) {
    this.#report = new ThrottledReport(report);
  }

  /** Whether anything moved: an engine also repeats itself, and counts down the seconds to its next try. */
  take({ id = "", status = "", progressDetail }: z.infer<typeof PullLine>): boolean {
    const before = this.#layers.get(id);
    const at = progressDetail?.current ?? 0;
    const total = Math.max(before?.total ?? 0, progressDetail?.total ?? 0);
    const current = isThere(status) ? total : Math.min(total, Math.max(before?.current ?? 0, at));
    this.#layers.set(id, { status, at, current, total });
    this.#report.offer(() => this.#sum());
    return (status !== before?.status || at !== before.at) && !isRetrying(status);
  }

  /** Reports what was held back. */
  end(): void {
    this.#report.end(this.#sum());
  }

  #sum(): Transferred {
    const sum = { current_bytes: 0, total_bytes: 0 };
    for (const { current, total } of this.#layers.values()) {
      sum.current_bytes += current;
      sum.total_bytes += total;
    }
    return sum;
  }
}

/** Sent, or there before: of this repository, or of another from which the registry took it. */
function isThere(status: string): boolean {
  return status === "Pushed" || status === "Layer already exists" || status.startsWith("Mounted from ");
}
