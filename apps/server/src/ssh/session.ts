import type { Socket } from "node:net";
import type { Actor } from "@berth/api/context.ts";
import { isDatabaseAway } from "@berth/api/database-away.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";
import { ChannelOutput } from "./channel-output.ts";
import { runInShell, sftpCommand, shellCommand } from "./shell-script.ts";
import type { Command, Commands } from "../commands/commands.ts";
import { SftpError } from "./sftp/packets.ts";
import { serveSftp } from "./sftp/serve-sftp.ts";

/** What a terminal may be asked to be. */
const MAX_SIDE = 1_000;
/** What clients send of their own environment; anything else could change what a command does. */
const ENV_NAME = /^(LANG|LC_[A-Z]{1,30}|COLORTERM)$/;
const MAX_ENV = 20;
const MAX_VALUE = 200;
const TERM = /^[A-Za-z0-9._+-]{1,64}$/;
const END_OF_INPUT = "\u0004";
/** As ssh itself exits where something is wrong with the connection. */
const NOT_RUN = 255;

export interface SessionPlace {
  actor: Actor;
  container_id: number;
  commands: Commands;
  log: FastifyBaseLogger;
  /** Of the connection. */
  socket: Socket;
  closed: AbortSignal;
  /** What all of its channels are told instead of being served: as that there are too many of them. */
  refused: DomainError | null;
  /** Its channel is there until what this returns is called. */
  entered(channel: ServerChannel): () => void;
}

/** Connects a command with its channel until it has ended, and answers with its exit code. `begin` begins one beside it. */
type Serve = (
  command: Command,
  channel: ServerChannel,
  output: ChannelOutput,
  gone: AbortSignal,
  begin: (command: string[]) => Promise<Command>,
) => Promise<number | null>;

type Terminal = Pick<PseudoTtyInfo, "cols" | "rows" | "term">;

/** One session channel of ssh: at most one shell, command or subsystem, in the container of the connection. */
export function serveSession(session: Session, place: SessionPlace): void {
  const state: { terminal: Terminal | null; env: Map<string, string>; command: Command | null } = {
    terminal: null,
    env: new Map(),
    command: null,
  };
  const left = new AbortController();
  const gone = AbortSignal.any([left.signal, place.closed]);
  session.on("close", () => left.abort());

  const run = (
    /** Ssh2 gives none for a second command on one session. */
    channel: ServerChannel | undefined,
    command: string[],
    terminal: Terminal | null,
    serve: Serve,
  ): void => {
    if (!channel) return;
    session.once("close", place.entered(channel));
    const env = [...state.env].map(([name, value]) => `${name}=${value}`);
    if (!state.env.has("LANG") && !state.env.has("LC_ALL")) env.push("LANG=C.UTF-8");
    if (terminal) env.push(`TERM=${terminal.term}`);
    serveCommand(place, channel, { command, env, terminal }, gone, serve, (begun) => {
      state.command = begun;
      // It may have been changed while the shell was being started.
      if (state.terminal) begun.resize(state.terminal.cols, state.terminal.rows);
    }).catch((error: unknown) => place.log.error({ err: error }, "a channel of ssh failed"));
  };

  session.on("pty", (accept, _reject, info) => {
    const term = (info as { term?: string }).term ?? "";
    state.terminal = { ...sizeOf(info), term: TERM.test(term) ? term : "xterm-256color" };
    accept?.();
  });
  session.on("window-change", (accept, _reject, info) => {
    if (state.terminal) Object.assign(state.terminal, sizeOf(info));
    if (state.terminal) state.command?.resize(state.terminal.cols, state.terminal.rows);
    accept?.();
  });
  session.on("env", (accept, reject, { key, val }) => {
    const isTaken = ENV_NAME.test(key) && state.env.size < MAX_ENV && val.length <= MAX_VALUE && !/\p{C}/u.test(val);
    if (isTaken) state.env.set(key, val);
    (isTaken ? accept : reject)?.();
  });
  session.on("signal", (accept, _reject, { name }) => {
    state.command?.signal(name);
    accept?.();
  });
  session.on("shell", (accept) => run(accept(), shellCommand(), state.terminal, copy));
  session.on("exec", (accept, _reject, { command }) => run(accept(), runInShell(command), state.terminal, copy));
  session.on("subsystem", (accept, reject, { name }) => {
    if (name === "sftp") run(accept(), sftpCommand(), null, serveSftp);
    else reject();
  });
}

/** Runs it to its end, or to that of its channel, and then nothing of it is left. */
async function serveCommand(
  { actor, container_id, commands, log, socket, refused }: SessionPlace,
  channel: ServerChannel,
  request: { command: string[]; env: string[]; terminal: Terminal | null },
  gone: AbortSignal,
  serve: Serve,
  begun: (command: Command) => void,
): Promise<void> {
  let command: Command | null = null;
  let status = NOT_RUN;
  const hangUp = (): void => void command?.hangUp();
  try {
    if (refused) throw refused;
    command = await commands.start({ actor, container_id, ...request });
    begun(command);
    if (gone.aborted) hangUp();
    gone.addEventListener("abort", hangUp, { once: true });
    const begin = (beside: string[]): Promise<Command> =>
      commands.start({ actor, container_id, command: beside, env: [], terminal: null });
    status = (await serve(command, channel, new ChannelOutput(channel, socket, gone), gone, begin)) ?? NOT_RUN;
  } catch (error) {
    if (!gone.aborted) channel.stderr.write(`berth: ${tellable(error, log)}\r\n`);
    hangUp();
  } finally {
    gone.removeEventListener("abort", hangUp);
  }
  if (gone.aborted) return;
  channel.exit(status);
  channel.end();
}

/** Both ways, and its exit code. */
const copy: Serve = async (command, channel, output) => {
  const { stdin, stdout, stderr } = command;
  if (stderr === null) {
    channel.pipe(stdin, { end: false });
    // A terminal has no end of input, only the key that says so.
    channel.once("end", () => stdin.write(END_OF_INPUT));
  } else channel.pipe(stdin);
  await Promise.all([output.pump(stdout), stderr && output.pump(stderr, "stderr")]);
  return command.exitCode();
};

const sizeOf = ({ cols, rows }: { cols: number; rows: number }): { cols: number; rows: number } => ({
  cols: Math.min(Math.max(1, cols || 80), MAX_SIDE),
  rows: Math.min(Math.max(1, rows || 24), MAX_SIDE),
});

function tellable(error: unknown, log: FastifyBaseLogger): string {
  if (error instanceof DomainError) return error.message;
  if (isDatabaseAway(error)) return "The database does not answer: try again in a moment.";
  if (error instanceof Error && error.name === "EngineError") {
    log.debug({ err: error }, "a command of ssh was cut off");
    return "The connection to the machine was lost.";
  }
  if (error instanceof SftpError) {
    // Anybody's client may send anything: that is no fault of ours.
    log.debug({ err: error }, "a client of sftp sent what can't be read");
    return error.message;
  }
  log.error({ err: error }, "a channel of ssh failed");
  return "internal error";
}
