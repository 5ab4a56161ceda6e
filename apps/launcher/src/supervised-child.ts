import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { LogFile } from "./log-file.ts";
import { NotableLines } from "./notable-lines.ts";

export interface ChildOptions {
  /** How it is called on the terminal. */
  name: string;
  /** The TypeScript file that it runs. */
  script: string;
  args?: string[];
  env: Record<string, string | undefined>;
  logFile: string;
  /** Told short lines for the terminal. */
  say: (line: string) => void;
  /** Told every line that it writes to stdout. */
  onLine?: (line: string) => void;
  backoff?: Backoff;
}

export interface Backoff {
  firstMs: number;
  longestMs: number;
  /** A process that ran this long has recovered: the next delay is the first again. */
  healthyMs: number;
}

const BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000, healthyMs: 60_000 };
const STOP_TIMEOUT_MS = 15_000;

/**
 * A process that runs until `stop`: when it ends by itself, it is started again, with growing delays, and that is said.
 * Its stdin is open as long as the launcher lives, however the launcher ends: with BERTH_SUPERVISED=1 it watches that. A
 * terminal's Ctrl-C reaches only the launcher, which decides about the order.
 */
export class SupervisedChild {
  readonly #options: ChildOptions;
  readonly #log: LogFile;
  readonly #notable = new NotableLines();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #process: ChildProcessWithoutNullStreams | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#log = new LogFile(options.logFile);
    this.#ended = this.#run();
  }

  /** Undefined while it waits to be started again. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Asks it to end, and insists after 15 s. Returns when it is gone. Safe to repeat. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#process?.kill("SIGTERM");
    const insist = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(insist);
  }

  /** Ends it, and what it has started, at once. */
  kill(): void {
    this.#stopping.abort();
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async #run(): Promise<void> {
    const { firstMs, longestMs, healthyMs } = this.#options.backoff ?? BACKOFF;
    let delayMs = firstMs;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const how = await this.#runOnce();
      if (this.#stopping.signal.aborted) break;
      if (performance.now() - startedAt >= healthyMs) delayMs = firstMs;
      this.#options.say(
        `${this.#options.name} ended ${how}: starting it again in ${delayMs / 1000} s (${this.#log.path})`,
      );
      await sleep(delayMs, this.#stopping.signal);
      delayMs = Math.min(delayMs * 2, longestMs);
    }
    this.#log.close();
  }

  /** Returns how it ended, in words. */
  async #runOnce(): Promise<string> {
    const { script, args = [], env } = this.#options;
    const child = spawn(process.execPath, [script, ...args], { env, stdio: "pipe", detached: true });
    this.#process = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(line, this.#options.onLine));
    createInterface({ input: child.stderr }).on("line", (line) => this.#take(line));
    try {
      // "close" comes after "exit", when everything that it wrote has been read.
      const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      return signal ? `by ${signal}` : `with exit code ${code}`;
    } catch (error) {
      return `before it began: ${(error as Error).message}`;
    } finally {
      this.#process = undefined;
    }
  }

  #take(line: string, onLine?: (line: string) => void): void {
    this.#log.write(`${line}\n`);
    const text = this.#notable.pick(line);
    if (text !== null) this.#options.say(`${this.#options.name}: ${text}`);
    onLine?.(line);
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
