import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CallOptions } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";

const INSPECT_MS = 30_000;
/** The output ends a moment before the engine knows the exit code. */
const EXIT_POLL_MS = 20;

const ExecState = z.object({
  Running: z.boolean(),
  ExitCode: z.int().nullable(),
  /** 0 where no process ever came about. It stays after the end. */
  Pid: z.int().default(0),
});
export type ExecState = z.infer<typeof ExecState>;

export function inspectExec(link: EngineLink, execId: string, options: CallOptions | undefined): Promise<ExecState> {
  return link.call((docker) => docker.getExec(execId).inspect(), ExecState, options, INSPECT_MS);
}

/** Waits for the exit code of a command whose output has ended. */
export async function execExitCode(link: EngineLink, execId: string, left: () => CallOptions): Promise<number> {
  for (;;) {
    const state = await inspectExec(link, execId, left());
    if (!state.Running && state.ExitCode !== null) return state.ExitCode;
    await delay(EXIT_POLL_MS); // the deadline ends this: the next question is not sent after it
  }
}
