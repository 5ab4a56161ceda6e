import type { LogChunk } from "@berth/docker/engine.ts";
import type { LogsQuery } from "@berth/spec/terminal.ts";
import { LogLines, type LogPoint } from "./log-lines.ts";

/** The order in which an engine writes messages may differ by so much from the order of their times. */
const DISORDER_S = 0.05;

type Stream = LogChunk["stream"];

/** How far the log of one engine container was read, and what to ask its engine for next. */
export class LogPosition {
  /** False until something of it was read, or its end. */
  hasBegun = false;
  readonly #first: { tail?: number; sinceS?: number };
  readonly #points: Record<Stream, LogPoint | null> = { stdout: null, stderr: null };

  private constructor(first: { tail?: number; sinceS?: number }) {
    this.#first = first;
  }

  /** Of the first engine container that is read, as far as it was asked for. */
  static start({ tail, since }: Pick<LogsQuery, "tail" | "since">): LogPosition {
    return new LogPosition({ tail, ...(since !== undefined && { sinceS: Date.parse(since) / 1_000 }) });
  }

  /**
   * Of the engine container that is there instead of `before`: one that was made anew, of which nobody has seen anything,
   * or one that was restored, which had printed all that is older. The clock is the same, for the machine is.
   */
  static after(before: LogPosition): LogPosition {
    const { sinceS } = before.#first;
    const position = new LogPosition(sinceS === undefined ? {} : { sinceS });
    position.#skipTo(before.#newest());
    return position;
  }

  /** Nobody wants what is there already. */
  get skipsPast(): boolean {
    return this.#first.tail === 0 && !this.hasBegun;
  }

  /** What the engine is asked for. It may answer with more than is new, which {@link linesOf} leaves out. */
  get options(): { tail?: number; sinceS?: number } {
    const newest = this.#newest();
    if (newest) {
      const open = Object.values(this.#points).filter((point) => point !== null && point.openBytes !== null);
      const from = Math.min(secondsOf(newest) - DISORDER_S, ...open.map((point) => secondsOf(point?.stamp ?? newest)));
      // Parts of a second are cut to milliseconds.
      return { sinceS: Math.max(0, from - 0.001) };
    }
    // Where nothing was there when it was read last, all that comes is new.
    const { tail, sinceS } = this.#first;
    return { ...(tail !== undefined && !this.hasBegun && { tail }), ...(sinceS !== undefined && { sinceS }) };
  }

  linesOf(stream: Stream, showsTimes: boolean): LogLines {
    return new LogLines(showsTimes, this.#points[stream]);
  }

  advance(stream: Stream, point: LogPoint | null): void {
    this.#points[stream] = point;
  }

  /** As if both streams had been read up to the newest message. */
  skip(): void {
    this.#skipTo(this.#newest());
  }

  #skipTo(newest: string | null): void {
    if (newest === null) return;
    for (const stream of ["stdout", "stderr"] as const) {
      const point = this.#points[stream];
      if (point?.stamp !== newest) this.#points[stream] = { stamp: newest, openBytes: null };
    }
  }

  #newest(): string | null {
    const stamps = Object.values(this.#points).flatMap((point) => (point ? [point.stamp] : []));
    return stamps.sort().at(-1) ?? null;
  }
}

const secondsOf = (stamp: string): number => Date.parse(stamp) / 1_000;
