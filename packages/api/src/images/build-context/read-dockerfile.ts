/** One instruction, with its continuation lines joined. */
export interface Instruction {
  /** Of its first line, from 1. */
  line: number;
  /** In capitals. */
  keyword: string;
  /** `--name` or `--name=value`, in their order. */
  flags: string[];
  /** All after the keyword and its flags. */
  rest: string;
}

export interface Dockerfile {
  /** `# name=value` before anything else, by its name in small letters. */
  directives: Map<string, { line: number; value: string }>;
  instructions: Instruction[];
}

/**
 * Reads a Dockerfile as far as it can be told without running it, by the rules of Docker's own parser: a comment or an
 * empty line does not end an instruction that goes on after it. Takes time in proportion to its length.
 */
export function readDockerfile(text: string): Dockerfile {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const directives = readDirectives(lines);
  const escape = directives.get("escape")?.value === "`" ? "`" : "\\";
  const instructions: Instruction[] = [];
  let waiting: { line: number; parts: string[] } | null = null;
  const end = (): void => {
    if (waiting) instructions.push(toInstruction(waiting.line, waiting.parts.join("")));
    waiting = null;
  };
  for (const [index, raw] of lines.entries()) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const { content, continues } = splitEscape(raw, escape);
    waiting ??= { line: index + 1, parts: [] };
    waiting.parts.push(waiting.parts.length === 0 ? content.trimStart() : content);
    if (!continues) end();
  }
  end();
  return { directives, instructions };
}

function readDirectives(lines: readonly string[]): Dockerfile["directives"] {
  const directives: Dockerfile["directives"] = new Map();
  for (const [index, line] of lines.entries()) {
    const [, name, value] = /^\s*#\s*([A-Za-z][A-Za-z0-9]*)\s*=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) break;
    directives.set(name.toLowerCase(), { line: index + 1, value: value.trim() });
  }
  return directives;
}

/** An escape at the end of a line, but for spaces, continues it; two of them are one that does not. */
function splitEscape(line: string, escape: string): { content: string; continues: boolean } {
  const content = line.trimEnd();
  const continues = content.endsWith(escape) && !content.endsWith(escape + escape);
  return { content: continues ? content.slice(0, -1) : content, continues };
}

function toInstruction(line: number, text: string): Instruction {
  const [, keyword = "", rest = ""] = /^(\S+)\s*([^]*)$/.exec(text) ?? [];
  const flags: string[] = [];
  let left = rest;
  for (;;) {
    const [found, flag] = /^(--\S*)\s*/.exec(left) ?? [];
    if (found === undefined || flag === undefined) break;
    left = left.slice(found.length);
    if (flag === "--") break;
    flags.push(flag);
  }
  return { line, keyword: keyword.toUpperCase(), flags, rest: left };
}
