import type { ExecCreateOptions, ExecStartOptions } from "dockerode";
import { type CallOptions, type CommandRequest, type EngineCommand, EngineError } from "../engine.ts";
import { countdown } from "../transport/countdown.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { laterStep } from "../transport/failures.ts";
import { checkedContainerId, checkedExecId } from "../wire/names.ts";
import { CommandStreams } from "./command-streams.ts";
import { execExitCode } from "./exec-state.ts";
import { Created } from "./state.ts";

const OPEN_MS = 30_000;
/** How long after its connection ended a command may be counted as running, before the connection counts as lost. */
const END_MS = 3_000;

export async function openCommand(
  link: EngineLink,
  id: string,
  { command, env, user, working_dir }: CommandRequest,
  options: CallOptions = {},
): Promise<EngineCommand> {
  const container = checkedContainerId(id);
  const left = countdown(options, OPEN_MS);
  const parameters: ExecCreateOptions = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
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
  const exec_id = checkedExecId(created.Id);
  const connection = await laterStep(start(link, exec_id, left()));
  connection.scope.pause(); // the deadline was the opening's: a quiet command is no fault
  const streams = new CommandStreams(connection, () => exitCodeAtEnd(link, exec_id));
  return {
    exec_id,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    wait: () => streams.over,
    close: () => streams.close(),
  };
}

async function start(link: EngineLink, execId: string, { deadlineMs = OPEN_MS, signal }: CallOptions) {
  const parameters: ExecStartOptions = { Detach: false, Tty: false };
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

async function exitCodeAtEnd(link: EngineLink, execId: string): Promise<number | null> {
  try {
    return await execExitCode(link, execId, countdown({}, END_MS));
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return null; // it ended with its container
    throw error;
  }
}
