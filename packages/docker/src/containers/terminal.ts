import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ExecCreateOptions, ExecStartOptions } from "dockerode";
import { type CallOptions, EngineError, type EngineTerminal, type TerminalRequest } from "../engine.ts";
import { countdown } from "../transport/countdown.ts";
import type { Apart } from "../transport/dockerode.ts";
import type { EngineLink, OpenConnection } from "../transport/engine-link.ts";
import { laterStep, shortened } from "../transport/failures.ts";
import { checkedContainerId, checkedExecId } from "../wire/names.ts";
import { execExitCode, inspectExec } from "./exec-state.ts";
import { Created, Nothing } from "./state.ts";
import { TerminalStream } from "./terminal-stream.ts";

const OPEN_MS = 30_000;
const RESIZE_MS = 10_000;
/** Docker 20.10 was seen to refuse a resize for a moment after the start. */
const RESIZE_ATTEMPTS = 20;
const RESIZE_RETRY_MS = 50;
/** How long after its connection ended a command may be counted as running, before the connection counts as lost. */
const END_MS = 3_000;

const RARE_KEYS = ["ctrl-\\", "ctrl-]", "ctrl-^", "ctrl-_"] as const;

const MAX_REASON_LENGTH = 10_000;

interface Size {
  cols: number;
  rows: number;
}

export async function openTerminal(
  link: EngineLink,
  id: string,
  { command, env, user, working_dir, cols, rows }: TerminalRequest,
  options: CallOptions = {},
): Promise<EngineTerminal> {
  const container = checkedContainerId(id);
  const left = countdown(options, OPEN_MS);
  const parameters: ExecCreateOptions = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
    ConsoleSize: [rows, cols],
    DetachKeys: untypeableKeys(),
    Cmd: command,
    ...(env ? { Env: env } : {}),
    ...(user === undefined ? {} : { User: user }),
    ...(working_dir === undefined ? {} : { WorkingDir: working_dir }),
  };
  const created = await link.call(
    (docker) => docker.getContainer(container).exec(parameters),
    Created,
    left(),
    OPEN_MS,
  );
  const execId = checkedExecId(created.Id);
  const connection = await laterStep(start(link, execId, { cols, rows }, left()));
  const stream = new TerminalStream(connection, () => hasEnded(link, execId));
  try {
    const isRunning = await laterStep(resize(link, execId, { cols, rows }, left));
    if (!isRunning) await laterStep(refuseIfNeverRan(link, execId, stream, left()));
  } catch (error) {
    stream.destroy();
    throw error;
  }
  connection.scope.pause(); // the deadline was the opening's: a quiet terminal is no fault
  return {
    stream,
    async resize(cols, rows) {
      await resize(link, execId, { cols, rows }, countdown({}, RESIZE_MS));
    },
    async exitCode(options) {
      const { Running, ExitCode } = await inspectExec(link, execId, options);
      return Running ? null : ExitCode;
    },
  };
}

/**
 * Engines always listen for keys that detach, by default Ctrl-P Ctrl-Q, and keep the first of them back until the next
 * comes. So they are told a sequence that nobody types, which begins with the byte that shells use least. The second is
 * one that hardly ever follows it: where the two come in two reads and the third does not follow, engines pass on the
 * second twice (moby/term's `escapeProxy`).
 */
function untypeableKeys(): string {
  const more = Array.from(randomBytes(12), (byte) => RARE_KEYS[byte % RARE_KEYS.length]);
  return ["ctrl-@", ...more].join(",");
}

async function start(
  link: EngineLink,
  execId: string,
  { cols, rows }: Size,
  { deadlineMs = OPEN_MS, signal }: CallOptions,
): Promise<OpenConnection> {
  // Engines below API 1.42 leave the size aside.
  const parameters: Apart<ExecStartOptions> = {
    _query: {},
    _body: { Detach: false, Tty: true, ConsoleSize: [rows, cols] },
  };
  try {
    return await link.upgrade((docker) => docker.getExec(execId).start(parameters), signal, deadlineMs);
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
    // Engines forget the commands of a container that stops.
    throw new EngineError("conflict", "The container stopped before the command was started.", {
      status: error.status,
      cause: error,
    });
  }
}

/** Sets the size; the engine answers once the command runs. False where it has ended, or could not be started. */
async function resize(
  link: EngineLink,
  execId: string,
  { cols, rows }: Size,
  left: () => CallOptions,
): Promise<boolean> {
  const parameters: Apart<object> = { _query: { h: rows, w: cols }, _body: {} };
  for (let attempt = 1; ; attempt++) {
    try {
      await link.call((docker) => docker.getExec(execId).resize(parameters), Nothing, left(), RESIZE_MS);
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || error.status === null) throw error;
      if (!(await inspectExec(link, execId, left())).Running) return false;
      if (attempt === RESIZE_ATTEMPTS) throw error;
    }
    await delay(RESIZE_RETRY_MS);
  }
}

/** Engines hand the connection over before they try the command, and then say in its stream why it can't be started. */
async function refuseIfNeverRan(
  link: EngineLink,
  execId: string,
  stream: TerminalStream,
  options: CallOptions,
): Promise<void> {
  const { Pid } = await inspectExec(link, execId, options);
  if (Pid > 0) return;
  let said = "";
  for await (const part of stream.setEncoding("utf8")) {
    said += part;
    if (said.length > MAX_REASON_LENGTH) break;
  }
  said = shortened(said.trim());
  throw new EngineError("rejected", said === "" ? "The command could not be started." : said);
}

async function hasEnded(link: EngineLink, execId: string): Promise<boolean> {
  try {
    await execExitCode(link, execId, countdown({}, END_MS));
    return true;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === "not_found") return true; // it ended with its container, which is gone
    if (error.timedOut) return false;
    throw error;
  }
}
