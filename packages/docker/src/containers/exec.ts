import type { CallOptions, ExecOptions, ExecResult } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import { countdown } from "../transport/countdown.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { laterStep } from "../transport/failures.ts";
import { checkedContainerId, checkedExecId } from "../wire/names.ts";
import { LogFrames } from "../wire/log-frames.ts";
import { CappedOutput } from "./capped-output.ts";
import { execExitCode } from "./exec-state.ts";
import { Created } from "./state.ts";

const EXEC_MS = 30_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

export async function exec(
  link: EngineLink,
  id: string,
  command: string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const container = checkedContainerId(id);
  const left = countdown(options, EXEC_MS);
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
  return { ...output, exit_code: await laterStep(execExitCode(link, execId, left)) };
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
