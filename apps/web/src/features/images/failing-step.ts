/** A step of the classic builder, as its log tells of it. */
export interface Step {
  number: number;
  total: number;
  instruction: string;
}

/**
 * The step at which a build failed with `message`, which its log ends with then; null where it came to none, or failed
 * otherwise: it was cancelled, or what was built could not be pushed.
 */
export function failedStepIn(log: string, message: string): Step | null {
  const lastLine = log.trimEnd().split("\n").at(-1)?.trim() ?? "";
  if (lastLine === "" || !message.includes(lastLine)) return null;
  const [, number, total, instruction = ""] = [...log.matchAll(/^Step (\d+)\/(\d+) : (.*)$/gm)].at(-1) ?? [];
  return number === undefined ? null : { number: Number(number), total: Number(total), instruction };
}

/** The line, from 1, on which the instruction of this number (from 1) begins; null where there are not so many. */
export function lineOfStep(dockerfile: string, step: number): number | null {
  const lines = dockerfile.split(/\r?\n/);
  const escape = escapeOf(lines);
  let instructions = 0;
  let isContinued = false;
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue; // also between the lines of one instruction
    if (!isContinued && (instructions += 1) === step) return index + 1;
    isContinued = text.endsWith(escape);
  }
  return null;
}

/** `# escape=` counts only among the directives at the top. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const [, name, value] = /^#\s*([a-zA-Z]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (name === undefined) break;
    if (name.toLowerCase() === "escape" && value !== undefined) return value;
  }
  return "\\";
}
