import { randomUUID } from "node:crypto";
import { recordAudit } from "@berth/api/audit.ts";
import { actorOf } from "@berth/api/auth/credential.ts";
import { findOnEngine, type OnEngine } from "@berth/api/containers/on-engine.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { transact } from "@berth/api/transact.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { forgetTerminal, isTerminalOf, recordTerminal } from "@berth/db/terminals/terminals.ts";
import { EngineError, type EngineTerminal } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";
import { openTerminals } from "../metrics.ts";
import { Slots } from "../slots.ts";
import { endCommand } from "../commands/end-command.ts";
import { engineRefusal } from "../commands/engine-refusal.ts";
import { TERMINAL_VARIABLE } from "../commands/hang-up.ts";
import { SESSION_LIMITS, type SessionLimits, TerminalSession } from "./terminal-session.ts";

/** bash where the image has it. */
const SHELL = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"];

export interface TerminalLimits extends SessionLimits {
  /** Open at once on this server. Each costs up to 256 KiB here, and a process on the machine. */
  perUser: number;
  perContainer: number;
}

export const TERMINAL_LIMITS: TerminalLimits = { ...SESSION_LIMITS, perUser: 20, perContainer: 100 };

interface Parts {
  services: ApiServices;
  serverId: string;
  log: FastifyBaseLogger;
  limits: TerminalLimits;
}

interface Size {
  cols: number;
  rows: number;
}

export interface TerminalEntry {
  readonly session: TerminalSession;
  readonly container_id: number;
  readonly machine_id: string;
  readonly engine_id: string;
  /** Who was let in last, with what. */
  actor: Actor;
}

/** The terminals that were opened on this server. Their rows tell other servers of them, should this one die. */
export class Terminals {
  readonly #parts: Parts;
  /** Those that a socket may come back to. */
  readonly #entries = new Map<string, TerminalEntry>();
  /** One for each that is being opened or has a command. */
  readonly #slots: Slots;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { perUser, perContainer } = parts.limits;
    this.#slots = new Slots({
      perUser,
      perContainer,
      refuseUser: () => tooMany(`You have ${perUser} terminals open: close one first.`),
      refuseContainer: () => tooMany(`This container has ${perContainer} terminals open: close one first.`),
    });
  }

  /**
   * Starts a shell in the container. CONFLICT where it does not run, UNPROCESSABLE where it has no shell, UNAVAILABLE
   * where its machine does not answer. Whoever may not see the container reads NOT_FOUND.
   */
  open(caller: { actor: Actor; address: string | null }, container_id: number, size: Size): Promise<TerminalEntry> {
    return this.#track(this.#open(caller, container_id, size));
  }

  /**
   * The terminal that this user opened before: a terminal is its opener's, an admin's eyes are not in it. GONE where
   * another server has it, NOT_FOUND where it has ended or never was.
   */
  async find(actor: Actor, container_id: number, terminal_id: string): Promise<TerminalEntry> {
    const entry = this.#entries.get(terminal_id);
    if (entry?.actor.user_id === actor.user_id && entry.container_id === container_id) {
      entry.actor = actor;
      return entry;
    }
    if (!entry && (await isTerminalOf(this.#parts.services.sql, actor.user_id, terminal_id))) {
      throw new DomainError("GONE", "This terminal was opened on another server: open a new one.");
    }
    throw new DomainError("NOT_FOUND", "There is no such terminal: open a new one.");
  }

  /** Those whose command has not ended, as far as is known. */
  running(): TerminalEntry[] {
    return [...this.#entries.values()].filter(({ session }) => !session.hasExited);
  }

  /** Another server took this one for dead, and has hung the terminal up. */
  lose({ session }: TerminalEntry): void {
    if (!this.#entries.delete(session.terminal_id)) return;
    session.close(new DomainError("GONE", "The terminal has ended, for its server was not heard of for too long."));
    session.drop();
  }

  /** Takes it away from whoever has it, and ends its command. */
  hangUp(entry: TerminalEntry, reason: DomainError): Promise<void> {
    return this.#track(this.#hangUp(entry, reason));
  }

  /** Hangs all up, and resolves when that is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) void this.hangUp(entry, stopping());
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #open({ actor, address }: { actor: Actor; address: string | null }, container_id: number, size: Size) {
    const { services, serverId } = this.#parts;
    const found = await findOnEngine({ ...services, actor }, container_id);
    const { machine_id, engine_id } = found;
    if (this.#isClosed) throw stopping();
    const leave = this.#slots.take(actor.user_id, container_id);
    const terminal_id = randomUUID();
    try {
      await transact(services.db, async (tx) => {
        const row = { terminal_id, container_id, user_id: actor.user_id, machine_id, engine_id, server_id: serverId };
        await recordTerminal(prismaSql(tx), row);
        const action = "open terminal";
        await recordAudit(tx, { actor, address }, { action, noun: "container", object_id: container_id });
      });
      const terminal = await this.#startShell(found, terminal_id, size);
      const entry = this.#enter({ terminal_id, terminal, container_id, machine_id, engine_id, actor }, leave);
      if (this.#isClosed) void this.hangUp(entry, stopping());
      return entry;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #startShell(found: OnEngine, terminal_id: string, { cols, rows }: Size): Promise<EngineTerminal> {
    const env = ["TERM=xterm-256color", "LANG=C.UTF-8", `${TERMINAL_VARIABLE}=${terminal_id}`];
    try {
      return await found.engine.openTerminal(found.engine_id, { command: SHELL, env, cols, rows });
    } catch (error) {
      // Where it is not known whether anything was started, the row stays: it is hung up once the row is stale.
      const isKnown = error instanceof EngineError && ["not_found", "conflict", "rejected"].includes(error.kind);
      if (isKnown) await forgetTerminal(this.#parts.services.sql, terminal_id);
      throw engineRefusal(error, found);
    }
  }

  #enter(
    {
      terminal_id,
      terminal,
      ...place
    }: Omit<TerminalEntry, "session"> & { terminal_id: string; terminal: EngineTerminal },
    leave: () => void,
  ): TerminalEntry {
    const { log, limits } = this.#parts;
    const session = new TerminalSession(terminal_id, terminal, {
      log,
      limits,
      events: {
        detached: () => void this.#track(this.#endWithCredential(entry)),
        exited: () => void this.#track(this.#forget(terminal_id)),
        abandoned: () => void this.hangUp(entry, new DomainError("GONE", "Nobody came back to this terminal.")),
        forgotten: () => void this.#entries.delete(terminal_id),
      },
    });
    const entry: TerminalEntry = { session, ...place };
    this.#entries.set(terminal_id, entry);
    openTerminals.inc();
    void session.over.then(() => {
      openTerminals.dec();
      leave();
    });
    return entry;
  }

  /** A page that is reloaded comes back; one whose user was signed out does not. */
  async #endWithCredential(entry: TerminalEntry): Promise<void> {
    const { user_id, credential } = entry.actor;
    const { services, log } = this.#parts;
    try {
      if (await actorOf(services.sql, user_id, credential)) return;
    } catch (error) {
      log.warn({ err: error }, "could not look whether a terminal's user is still signed in");
      return;
    }
    await this.#hangUp(entry, new DomainError("UNAUTHORIZED", "Sign in again: this sign-in has ended."));
  }

  async #hangUp(entry: TerminalEntry, reason: DomainError): Promise<void> {
    const { session } = entry;
    if (!this.#entries.delete(session.terminal_id)) return;
    const hasExited = session.hasExited;
    session.close(reason);
    const isOver = hasExited || (await endCommand(this.#parts, entry));
    session.drop();
    if (isOver) await this.#forget(session.terminal_id);
  }

  async #forget(terminal_id: string): Promise<void> {
    try {
      await forgetTerminal(this.#parts.services.sql, terminal_id);
    } catch (error) {
      // It becomes stale, and is hung up again for nothing.
      this.#parts.log.warn({ err: error, terminal_id }, "could not delete the row of a terminal that has ended");
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

const stopping = (): DomainError => new DomainError("UNAVAILABLE", "The server stops: connect again.");

const tooMany = (message: string): DomainError => new DomainError("TOO_MANY_REQUESTS", message);
