import { z } from "zod";

const WARN = 40;
const REPEAT_AFTER_MS = 60_000;

const LogLine = z.object({
  level: z.number(),
  msg: z.string().default(""),
  err: z.object({ message: z.string() }).optional(),
});

/**
 * Picks from a process's pino lines what belongs on the terminal: warnings and errors, each text once a minute at most.
 * The rest stays in the log file, where every field of these is, too.
 */
export class NotableLines {
  readonly #shownAt = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A short text for the terminal, or null for a line that does not belong there. */
  pick(line: string): string | null {
    const parsed = LogLine.safeParse(parseJson(line));
    if (!parsed.success || parsed.data.level < WARN) return null;
    const { msg, err } = parsed.data;
    const text = err && err.message !== msg ? `${msg}: ${firstLine(err.message)}` : msg;
    const now = this.#now();
    if (now - (this.#shownAt.get(text) ?? -Infinity) < REPEAT_AFTER_MS) return null;
    if (this.#shownAt.size >= 1_000) this.#shownAt.clear();
    this.#shownAt.set(text, now);
    return text;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // not from pino: a crash's stack, say
  }
}
