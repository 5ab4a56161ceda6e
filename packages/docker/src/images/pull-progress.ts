import { z } from "zod";
import { type Report, ThrottledReport, type Transferred } from "./throttled-report.ts";

/** One line of a pull's or a push's stream. `error` is deprecated and `errorDetail` its successor; both are sent. */
export const PullLine = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
});

interface Layer {
  status: string;
  current: number;
  total: number;
}

/** Adds up the layers of a pull, reports the sum at most four times a second, and tells movement from idle chatter. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();
  readonly #report: ThrottledReport;

  constructor(report: Report | undefined) {
    this.#report = new ThrottledReport(report);
  }

  /** Whether anything moved: an engine also repeats itself, and counts down the seconds to its next try. */
  take({ id = "", status = "", progressDetail }: z.infer<typeof PullLine>): boolean {
    const before = this.#layers.get(id);
    const current = progressDetail?.current ?? 0;
    const announced = status === "Downloading" ? progressDetail?.total : undefined;
    this.#layers.set(id, { status, current, total: announced ?? before?.total ?? 0 });
    this.#report.offer(() => this.#sum());
    const hasMoved = status !== before?.status || current !== before.current;
    return hasMoved && !isRetrying(status);
  }

  /** Reports what was held back. */
  end(): void {
    this.#report.end(this.#sum());
  }

  #sum(): Transferred {
    const sum = { current_bytes: 0, total_bytes: 0 };
    for (const layer of this.#layers.values()) {
      sum.total_bytes += layer.total;
      sum.current_bytes += downloaded(layer);
    }
    return sum;
  }
}

/** A layer that is verified or extracted was downloaded; the figures that come with that count something else. */
function downloaded({ status, current, total }: Layer): number {
  if (isRetrying(status)) return 0;
  return status === "Downloading" ? Math.min(current, total) : total;
}

export function isRetrying(status: string): boolean {
  return status.startsWith("Retrying in");
}
