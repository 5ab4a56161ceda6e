import { execFile } from "node:child_process";

/** A command that ended badly. `message` holds the command and what it said on stderr. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number | null;

  constructor(command: string, args: readonly string[], exitCode: number | null, stderr: string, cause: unknown) {
    const said = stderr.trim() || (cause instanceof Error ? cause.message : "no output");
    const shown = [command, ...args.map((argument) => (argument.includes("\n") ? "…" : argument))];
    super(`${shown.join(" ")} failed (${exitCode ?? "not started or killed"}): ${said}`, { cause });
    this.exitCode = exitCode;
  }
}

export interface CommandOptions {
  /** Written to the command's stdin, which is empty otherwise. */
  input?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
}

/** Runs a command to its end, without a shell, and answers its stdout. Throws {@link CommandError} unless it exits with 0. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    command,
    args,
    {
      maxBuffer: 64 * 1024 * 1024,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" }),
    },
    (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      reject(new CommandError(command, args, typeof error.code === "number" ? error.code : null, stderr, error));
    },
  );
  // A command that ends before it has read everything closes the pipe; its exit code tells the story.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  return promise;
}
