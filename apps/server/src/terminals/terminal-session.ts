import type { EngineTerminal } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { type SocketNotice, TerminalControl } from "@berth/spec/terminal.ts";
import type { FastifyBaseLogger } from "fastify";
import { type RawData, WebSocket } from "ws";
import { endSocket, failSocket } from "../sockets/fail-socket.ts";
import { OutputRing } from "./output-ring.ts";
import { readExitCode } from "../commands/read-exit-code.ts";
import { SocketOutput } from "./socket-output.ts";

const GOOD_END = 1000;

export interface SessionLimits {
  /** How long a terminal waits for its page to come back. */
  graceMs: number;
  /** How long a program may leave what was typed unread before its socket is ended, which may be a dead browser's. */
  stallMs: number;
}

export const SESSION_LIMITS: SessionLimits = { graceMs: 60_000, stallMs: 300_000 };

export interface SessionEvents {
  /** A socket has closed that nobody has taken over from. */
  detached(): void;
  /** The command has ended by itself. What it printed last is kept for who has not seen it. */
  exited(): void;
  /** Nobody came back in time, or the connection to the engine is lost: the command must be hung up. */
  abandoned(): void;
  /** The command has ended, and everybody who may know it does. */
  forgotten(): void;
}

interface Size {
  cols: number;
  rows: number;
}

/** The socket that a terminal is shown on. */
interface View {
  socket: WebSocket;
  output: SocketOutput;
  stall: NodeJS.Timeout | null;
}

/**
 * One command on a terminal of its own, and at most one socket that shows it. It is read all the time: into the ring,
 * and to the socket. A socket that does not take what is printed pauses the engine, and a command that does not read what
 * is typed pauses the socket.
 */
export class TerminalSession {
  readonly terminal_id: string;
  readonly #terminal: EngineTerminal;
  readonly #log: FastifyBaseLogger;
  readonly #limits: SessionLimits;
  readonly #events: SessionEvents;
  readonly #ring = new OutputRing();
  #view: View | null = null;
  #end: Extract<SocketNotice, { type: "exited" }> | null = null;
  #isClosed = false;
  #wasShown = false;
  /** What to resize to next; undefined while nothing is being resized. */
  #nextSize: Size | null | undefined;
  #grace: NodeJS.Timeout | undefined;
  /** Settles when the command's output has ended, or can't be read any more. */
  readonly over: Promise<void>;

  constructor(
    terminalId: string,
    terminal: EngineTerminal,
    parts: { log: FastifyBaseLogger; limits: SessionLimits; events: SessionEvents },
  ) {
    this.terminal_id = terminalId;
    this.#terminal = terminal;
    this.#log = parts.log;
    this.#limits = parts.limits;
    this.#events = parts.events;
    const { stream } = terminal;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    stream.on("data", (bytes: Buffer) => this.#print(bytes));
    stream.on("drain", () => this.#letType());
    stream.once("end", () => void this.#exit().finally(resolve));
    stream.on("error", (error) => this.#lose(error));
    stream.once("close", resolve);
    this.#awaitReturn();
  }

  get hasExited(): boolean {
    return this.#end !== null;
  }

  /** Shows it on this socket from now on, and on no other. GONE where it is being hung up. */
  attach(socket: WebSocket, size: Size): void {
    if (this.#isClosed) throw new DomainError("GONE", "This terminal has just ended: open a new one.");
    const before = this.#view;
    clearTimeout(this.#grace);
    const view: View = { socket, stall: null, output: new SocketOutput(socket, () => this.#keepReading()) };
    this.#view = view;
    if (before) {
      this.#settle(before);
      endSocket(before.socket, GOOD_END, "taken over");
    }
    socket.on("message", (data, isBinary) => this.#receive(view, data, isBinary));
    socket.once("close", (code) => this.#leave(view, code));
    const printed = this.#ring.read();
    this.#tell({ type: "opened", terminal_id: this.terminal_id, replay: printed.length > 0 });
    if (printed.length > 0) view.output.send(printed);
    if (this.#end) return this.#showEnd(this.#end);
    if (this.#wasShown) this.#resize(size);
    this.#wasShown = true;
    this.#keepReading();
    if (this.#terminal.stream.writableNeedDrain) this.#holdTyping(view);
  }

  /**
   * Takes it away from its socket, and tells nobody of anything any more. Its command is the caller's to hang up; until
   * it is {@link drop}ped, what it still prints is read, so that its end is seen.
   */
  close(reason: DomainError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#grace);
    const view = this.#view;
    this.#view = null;
    this.#terminal.stream.resume();
    if (!view) return;
    this.#settle(view);
    failSocket(view.socket, reason, this.#log);
  }

  /** Gives up the connection to the engine. */
  drop(): void {
    this.#terminal.stream.destroy();
  }

  #print(bytes: Buffer): void {
    this.#ring.push(bytes);
    this.#view?.output.send(bytes);
    if (this.#view?.output.isFull) this.#terminal.stream.pause();
  }

  #keepReading(): void {
    if (!this.#view?.output.isFull) this.#terminal.stream.resume();
  }

  #receive(view: View, data: RawData, isBinary: boolean): void {
    if (this.#view !== view || !Buffer.isBuffer(data)) return;
    if (!isBinary) return this.#control(view, data);
    const { stream } = this.#terminal;
    if (stream.writable && !stream.write(data)) this.#holdTyping(view);
  }

  #control(view: View, data: Buffer): void {
    const control = TerminalControl.safeParse(parseJson(data.toString()));
    if (control.success) return this.#resize(control.data);
    const message = 'A text message is {"type":"resize","cols":…,"rows":…}; what is typed comes in binary messages.';
    failSocket(view.socket, new DomainError("BAD_REQUEST", message), this.#log);
  }

  /** One at a time, however often a window changes: of those that come meanwhile only the last one counts. */
  #resize(size: Size): void {
    const isUnderWay = this.#nextSize !== undefined;
    this.#nextSize = size;
    if (!isUnderWay) void this.#resizeToLast();
  }

  async #resizeToLast(): Promise<void> {
    for (let size = this.#nextSize; size && this.#terminal.stream.writable; size = this.#nextSize) {
      this.#nextSize = null;
      await this.#terminal.resize(size.cols, size.rows).catch((error: unknown) => {
        // The command may just have ended. A window of another size is no reason to end a terminal.
        this.#log.debug({ err: error, terminal_id: this.terminal_id }, "could not resize a terminal");
      });
    }
    this.#nextSize = undefined;
  }

  #holdTyping(view: View): void {
    view.socket.pause();
    view.stall ??= setTimeout(() => {
      const message = "The program has not read what was typed for minutes: connect again.";
      failSocket(view.socket, new DomainError("UNAVAILABLE", message), this.#log);
    }, this.#limits.stallMs);
  }

  #letType(): void {
    if (!this.#view) return;
    this.#settle(this.#view);
    this.#view.socket.resume();
  }

  #settle(view: View): void {
    if (view.stall) clearTimeout(view.stall);
    view.stall = null;
  }

  #leave(view: View, code: number): void {
    this.#settle(view);
    if (this.#view !== view) return;
    this.#view = null;
    // Who agreed to the end has seen it.
    if (this.#end && code === GOOD_END) return this.#events.forgotten();
    this.#awaitReturn();
    this.#terminal.stream.resume();
    this.#events.detached();
  }

  #awaitReturn(): void {
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => {
      if (this.#end) this.#events.forgotten();
      else this.#events.abandoned();
    }, this.#limits.graceMs);
  }

  async #exit(): Promise<void> {
    const exit_code = await readExitCode(this.#terminal, this.#log);
    if (this.#isClosed) return;
    this.#end = { type: "exited", exit_code };
    this.#events.exited();
    if (this.#view) this.#showEnd(this.#end);
  }

  #showEnd(end: SocketNotice): void {
    if (!this.#view) return;
    this.#tell(end);
    endSocket(this.#view.socket, GOOD_END, "The command has ended.");
  }

  #lose(error: Error): void {
    if (this.#isClosed) return;
    this.#log.warn({ err: error, terminal_id: this.terminal_id }, "a terminal lost its engine");
    this.close(new DomainError("UNAVAILABLE", "The connection to the machine was lost: open a new terminal."));
    this.#events.abandoned();
  }

  #tell(notice: SocketNotice): void {
    if (this.#view?.socket.readyState === WebSocket.OPEN) this.#view.socket.send(JSON.stringify(notice));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
