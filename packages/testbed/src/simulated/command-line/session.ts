/** One command of a session, and what is to come of it. */
export interface SessionStep {
  command: string;
  /** As {@link showOutcome} writes it. */
  expected: string[];
}

/** Commands that belong together, each on what the one before left. */
export interface Session {
  name: string;
  steps: SessionStep[];
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Reads sessions as they are written down:
 *
 *     = what the session shows
 *     $ a shell command
 *     a line of its stdout
 *     ! a line of its stderr, after all of stdout
 *     ? its exit code, unless 0
 *
 * A line that begins with `[20.10] ` or `[28.5] ` is one of that generation only. A line that begins with `# ` says why.
 */
export function readSessions(text: string, generation: string): Session[] {
  const sessions: Session[] = [];
  for (const written of text.split("\n")) {
    const [, only, line = ""] = /^(?:\[(\d+\.\d+)\] ?)?(.*)$/.exec(written) ?? [];
    if (line === "" && only === undefined) continue;
    if (line.startsWith("# ") || (only !== undefined && only !== generation)) continue;
    if (line.startsWith("= ")) sessions.push({ name: line.slice(2), steps: [] });
    else if (line.startsWith("$ ")) sessions.at(-1)?.steps.push({ command: line.slice(2), expected: [] });
    else sessions.at(-1)?.steps.at(-1)?.expected.push(line);
  }
  return sessions;
}

/** What came of a command, line by line as sessions write it. Empty lines are left out. */
export function showOutcome({ code, stdout, stderr }: Outcome): string[] {
  const lines = (text: string): string[] =>
    text.split(/\r?\n/).flatMap((line) => (line.trim() === "" ? [] : line.trimEnd()));
  return [...lines(stdout), ...lines(stderr).map((line) => `! ${line}`), ...(code === 0 ? [] : [`? ${code}`])];
}
