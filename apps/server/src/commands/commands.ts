import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { findOnEngine, type OnEngine } from "@berth/api/containers/on-engine.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { forgetTerminal, recordTerminal } from "@berth/db/terminals/terminals.ts";
import { EngineError } from "@berth/docker/engine.ts";
import type { FastifyBaseLogger } from "fastify";
import { endCommand } from "./end-command.ts";
import { engineRefusal } from "./engine-refusal.ts";
import { signalCommand, SIGNALS, TERMINAL_VARIABLE } from "./hang-up.ts";
import { readExitCode } from "./read-exit-code.ts";
import type { Slots } from "../slots.ts";

export interface CommandRequest {
  actor: Actor;
  container_id: number;
  command: string[];
  env: string[];
  /** Null: without a terminal, so that its two outputs stay apart. */
  terminal: { cols: number; rows: number } | null;
}

/** A command in a container, begun for a channel of ssh or a transfer. */
export interface Command {
  stdin: Writable;
  stdout: Readable;
  /** Null on a terminal, which has one output. */
  stderr: Readable | null;
  resize(cols: number, rows: number): void;
  /** Names that nobody knows are left aside. */
  signal(name: string): void;
  /** After its output was read: its exit code, or null where that is not known. Throws what cut it off. */
  exitCode(): Promise<number | null>;
  /** Ends it where it has not ended, and whatever it has read is lost. Resolves when that is done or given up. */
  hangUp(): Promise<void>;
}

interface Parts {
  services: ApiServices;
  serverId: string;
  log: FastifyBaseLogger;
  /** Left out where the caller bounds them. */
  slots?: Slots;
}

interface Process extends Omit<Command, "hangUp" | "signal"> {
  /** True when it has ended, false when its connection was lost. */
  ended: Promise<boolean>;
  drop(): void;
}

interface Entry {
  session: { terminal_id: string; hasExited: boolean; over: Promise<void> };
  machine_id: string;
  engine_id: string;
  drop(): void;
}

/**
 * The commands that are open on this server for ssh, or for a transfer. Each has a row, as a terminal has: should this
 * server die, another ends it.
 */
export class Commands {
  readonly #parts: Parts;
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  running(): Entry[] {
    return [...this.#entries.values()].filter(({ session }) => !session.hasExited);
  }

  /** Another server took this one for dead, and has hung it up. */
  lose({ session, drop }: Entry): void {
    this.#entries.delete(session.terminal_id);
    drop();
  }

  /** What it throws can be told to whoever asked. */
  start(request: CommandRequest): Promise<Command> {
    return this.#track(this.#start(request));
  }

  async close(): Promise<void> {
    for (const entry of this.#entries.values()) void this.#track(this.#hangUp(entry));
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #start({ actor, container_id, ...request }: CommandRequest): Promise<Command> {
    const { services, slots } = this.#parts;
    const found = await findOnEngine({ ...services, actor }, container_id);
    const leave = slots?.take(actor.user_id, container_id);
    try {
      const { command, ended } = await this.#startOn(found, { actor, container_id, ...request });
      void ended.then(leave);
      return command;
    } catch (error) {
      leave?.();
      throw error;
    }
  }

  async #startOn(
    found: OnEngine,
    { actor, container_id, ...request }: CommandRequest,
  ): Promise<{ command: Command; ended: Promise<boolean> }> {
    const { services, serverId, log } = this.#parts;
    const { machine_id, engine_id, engine } = found;
    const terminal_id = randomUUID();
    const row = { terminal_id, container_id, user_id: actor.user_id, machine_id, engine_id, server_id: serverId };
    await recordTerminal(services.sql, row);
    const process = await this.#open(found, terminal_id, request);
    const session = { terminal_id, hasExited: false, over: process.ended.then(() => undefined) };
    const entry: Entry = { session, machine_id, engine_id, drop: () => process.drop() };
    this.#entries.set(terminal_id, entry);
    void process.ended.then((hasEnded) => {
      session.hasExited = hasEnded;
      void this.#track(this.#settle(entry));
    });
    const command: Command = {
      ...process,
      signal: (name) => {
        const signal = SIGNALS.find((known) => known === name);
        if (!signal || session.hasExited) return;
        const sent = signalCommand(engine, engine_id, terminal_id, signal);
        sent.catch((error: unknown) => log.debug({ err: error, terminal_id }, "a signal of ssh was not delivered"));
      },
      hangUp: () => this.#track(this.#hangUp(entry)),
    };
    return { command, ended: process.ended };
  }

  async #open(
    found: OnEngine,
    terminal_id: string,
    request: Pick<CommandRequest, "command" | "env" | "terminal">,
  ): Promise<Process> {
    const env = [...request.env, `${TERMINAL_VARIABLE}=${terminal_id}`];
    try {
      if (request.terminal === null) return await openPlain(found, request.command, env);
      return await openOnTerminal(found, request.command, env, request.terminal, this.#parts.log);
    } catch (error) {
      // Where it is not known whether anything was started, the row stays: it is hung up once the row is stale.
      const isKnown = error instanceof EngineError && ["not_found", "conflict", "rejected"].includes(error.kind);
      if (isKnown) await forgetTerminal(this.#parts.services.sql, terminal_id);
      throw engineRefusal(error, found);
    }
  }

  /** Its connection has ended: with the command, or before it, and then nobody else may be there to hang it up. */
  async #settle(entry: Entry): Promise<void> {
    const { terminal_id, hasExited } = entry.session;
    if (!hasExited) return this.#hangUp(entry);
    if (this.#entries.delete(terminal_id)) await this.#forget(terminal_id);
  }

  async #hangUp(entry: Entry): Promise<void> {
    const { session, drop } = entry;
    if (!this.#entries.delete(session.terminal_id)) return;
    const isOver = session.hasExited || (await endCommand(this.#parts, { ...entry, session }));
    drop();
    if (isOver) await this.#forget(session.terminal_id);
  }

  async #forget(terminal_id: string): Promise<void> {
    try {
      await forgetTerminal(this.#parts.services.sql, terminal_id);
    } catch (error) {
      // It becomes stale, and is hung up again for nothing.
      this.#parts.log.warn({ err: error, terminal_id }, "could not delete the row of a command that has ended");
    }
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    const done = work.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
    return work;
  }
}

async function openPlain({ engine, engine_id }: OnEngine, command: string[], env: string[]): Promise<Process> {
  const opened = await engine.openCommand(engine_id, { command, env });
  const { stdin, stdout, stderr } = opened;
  const exit = opened.wait();
  return {
    stdin,
    stdout,
    stderr,
    resize: () => undefined,
    exitCode: async () => (await exit).exit_code,
    ended: exit.then(
      () => true,
      () => false,
    ),
    drop: () => opened.close(),
  };
}

async function openOnTerminal(
  { engine, engine_id }: OnEngine,
  command: string[],
  env: string[],
  size: { cols: number; rows: number },
  log: FastifyBaseLogger,
): Promise<Process> {
  const terminal = await engine.openTerminal(engine_id, { command, env, ...size });
  const { stream } = terminal;
  const { promise: ended, resolve } = Promise.withResolvers<boolean>();
  stream.once("end", () => resolve(true)).once("close", () => resolve(false));
  return {
    stdin: stream,
    stdout: stream,
    stderr: null,
    resize: (cols, rows) => {
      terminal
        .resize(cols, rows)
        .catch((error: unknown) => log.debug({ err: error }, "could not size a terminal of ssh"));
    },
    exitCode: () => readExitCode(terminal, log),
    ended,
    drop: () => stream.destroy(),
  };
}
