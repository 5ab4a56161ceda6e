import type { ProbeReading } from "@berth/spec/telemetry.ts";
import type { EngineClock } from "../engine-clock.ts";
import type { FileLayer } from "./file-layer.ts";
import { endsByDefault, SIGINT, SIGKILL, SIGWINCH } from "./signals.ts";
import type { Stdin } from "./stdin.ts";
import { asOnScreen, Terminal } from "./terminal.ts";

export interface ProcessOptions {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  user: string;
  hostname: string;
  files: FileLayer;
  clock: EngineClock;
  /** The GPUs that the container may use, as `nvidia-smi` lists them. */
  gpus: { index: number; uuid: string; type: string; memory: number }[];
  /** What Berth's own probe would tell of the machine. */
  probe?: (seq: number) => ProbeReading;
  hasTty: boolean;
  /** Null is a closed input: readers see its end at once. */
  stdin: Stdin | null;
  output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Resolves when whoever reads can take more output; at once where nobody holds it up. Only `cat` and `head` wait. */
  drained?: () => Promise<void>;
  /** Every process of its container that runs. */
  peers: () => SimulatedProcess[];
  /** Process 1 of a container without `Init`: the kernel then spares it every signal that it does not handle. */
  isFirst: boolean;
}

/** One process of a container. It costs a timer only while it sleeps for a time that ends. */
export class SimulatedProcess {
  readonly options: ProcessOptions;
  /** The exit code: 128 + n where signal n ended it. */
  readonly exited: Promise<number>;
  /** Shell commands by signal; an empty one ignores it. */
  readonly traps = new Map<number, string>();
  #settle: (code: number) => void = () => {};
  #isOver = false;
  #isPaused = false;
  #heldSignals: number[] = [];
  #heldTimers: (() => void)[] = [];
  #cancelTimers = new Set<() => void>();
  #pendingTraps: string[] = [];
  #trapArrived: (() => void) | null = null;
  #interrupted: (() => void) | null = null;
  /** Null without a terminal, or where nobody can type at it. */
  readonly terminal: Terminal | null;

  constructor(options: ProcessOptions) {
    this.options = options;
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    const { stdin, hasTty } = options;
    const echo = (data: string | Uint8Array): void => this.write("stdout", data);
    this.terminal = stdin && hasTty ? new Terminal(stdin, echo, () => this.#interrupt()) : null;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Runs `program` until it ends or a signal ends it. */
  start(program: (process: SimulatedProcess) => Promise<number>): void {
    void program(this).then(
      (code) => this.#exit(code),
      (error: unknown) => {
        this.write("stderr", `${error instanceof Error ? error.message : String(error)}\n`);
        this.#exit(2);
      },
    );
  }

  write(stream: "stdout" | "stderr", data: string | Uint8Array): void {
    if (this.#isOver) return;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (bytes.length === 0) return;
    // A terminal has one screen for output and errors.
    if (this.options.hasTty) this.options.output("stdout", this.terminal?.isRaw ? bytes : asOnScreen(bytes));
    else this.options.output(stream, bytes);
  }

  /** Resolves after `ms`, and not while paused. After the process has ended it never does. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver || ms === Infinity) return;
      const cancel = this.options.clock.after(ms, () => {
        this.#cancelTimers.delete(cancel);
        if (this.#isPaused) this.#heldTimers.push(resolve);
        else resolve();
      });
      this.#cancelTimers.add(cancel);
    });
  }

  signal(number: number): void {
    if (this.#isOver) return;
    if (this.#isPaused) {
      this.#heldSignals.push(number);
      return;
    }
    const trap = number === SIGKILL ? undefined : this.traps.get(number);
    if (trap === "") return;
    if (trap !== undefined) {
      this.#pendingTraps.push(trap);
      this.#trapArrived?.();
    } else if (number === SIGKILL || (endsByDefault(number) && !this.options.isFirst)) this.#exit(128 + number);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const signal of this.#heldSignals.splice(0)) this.signal(signal);
    for (const run of this.#heldTimers.splice(0)) run();
  }

  takePendingTrap(): string | undefined {
    return this.#pendingTraps.shift();
  }

  /** Resolves with the next signal that has a trap: `wait` returns early for it. */
  nextTrap(): Promise<void> {
    if (this.#pendingTraps.length > 0) return Promise.resolve();
    return new Promise((resolve) => (this.#trapArrived = resolve));
  }

  /** Resolves at the next interrupt from a terminal, which ends what a shell runs but not the shell. */
  nextInterrupt(): Promise<void> {
    return new Promise((resolve) => (this.#interrupted = resolve));
  }

  /** Someone types at its terminal, or writes to its input. */
  input(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.terminal) this.terminal.input(bytes);
    else this.options.stdin?.push(bytes);
  }

  /** Its terminal has another size now, which the kernel tells it by SIGWINCH. */
  resize(cols: number, rows: number): void {
    if (!this.terminal) return;
    const { size } = this.terminal;
    if (size.cols === cols && size.rows === rows) return;
    this.terminal.size = { cols, rows };
    this.signal(SIGWINCH);
  }

  /** The engine's process ended under it: no exit is told, no timer stays. */
  abandon(): void {
    this.#isOver = true;
    for (const cancel of this.#cancelTimers) cancel();
    this.#cancelTimers.clear();
  }

  #interrupt(): void {
    if (this.#interrupted) this.#interrupted();
    else this.signal(SIGINT);
  }

  #exit(code: number): void {
    if (this.#isOver) return;
    this.abandon();
    this.#settle(code);
  }
}
