import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CallOptions, ExecOptions, ExecResult } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { laterStep } from "../transport/failures.ts";
import { checkedContainerId, checkedExecId } from "../wire/names.ts";
import { LogFrames } from "../wire/log-frames.ts";
import { CappedOutput } from "./capped-output.ts";
import { Created } from "./state.ts";

const EXEC_MS = 30_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** The output ends a moment before the engine knows the exit code. */
const EXIT_POLL_MS = 20;

const InspectedExec = z.object({ Running: z.boolean(), ExitCode: z.int().nullable() });

export async function exec(
  link: EngineLink,
  id: string,
  command: string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const container = checkedContainerId(id);
  const left = countdown(options);
  const { env, user, working_dir } = options;
  const parameters = {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: command,
    ...(env ? { Env: env } : {}),
    ...(user === undefined ? {} : { User: user }),
    ...(working_dir === undefined ? {} : { WorkingDir: working_dir }),
  };
  const created = await link.call(
    (docker) => docker.getContainer(container).exec(parameters),
    Created,
    left(),
    EXEC_MS,
  );
  const execId = checkedExecId(created.Id);
  const output = await laterStep(run(link, execId, options.maxOutputBytes ?? MAX_OUTPUT_BYTES, left()));
  return { ...output, exit_code: await laterStep(exitCode(link, execId, left)) };
}

async function run(
  link: EngineLink,
  execId: string,
  maxBytes: number,
  { deadlineMs = EXEC_MS, signal }: CallOptions,
): Promise<Omit<ExecResult, "exit_code">> {
  const start = { Detach: false, Tty: false };
  const { response, scope } = await link.open((docker) => docker.getExec(execId).start(start), signal, deadlineMs);
  try {
    const output = new CappedOutput(maxBytes);
    const frames = new LogFrames();
    for await (const chunk of bodyChunks(response, scope)) {
      for (const { stream, data } of frames.push(chunk)) output.add(stream, data);
    }
    frames.end();
    return output.result();
  } finally {
    response.destroy();
    scope.end();
  }
}

async function exitCode(link: EngineLink, execId: string, left: () => CallOptions): Promise<number> {
  for (;;) {
    const options = left();
    const state = await link.call((docker) => docker.getExec(execId).inspect(), InspectedExec, options, EXEC_MS);
    if (!state.Running && state.ExitCode !== null) return state.ExitCode;
    await delay(EXIT_POLL_MS); // the deadline ends this: the next question is not sent after it
  }
}

/** What is left of the one deadline that all requests of the command share. */
function countdown({ deadlineMs = EXEC_MS, signal }: CallOptions): () => CallOptions {
  const end = performance.now() + deadlineMs;
  return () => ({ deadlineMs: Math.max(0, end - performance.now()), ...(signal ? { signal } : {}) });
}
