import { DockerError } from "../../docker-error.ts";

export interface Instruction {
  /** In capitals. */
  name: string;
  /** `--from=stage` as from: "stage". */
  flags: Record<string, string>;
  /** What stands behind name and flags, continued lines joined. */
  rest: string;
}

const KNOWN = new Set(
  (
    "FROM ARG ENV LABEL COPY ADD RUN CMD ENTRYPOINT EXPOSE WORKDIR USER VOLUME " +
    "STOPSIGNAL MAINTAINER SHELL HEALTHCHECK ONBUILD"
  ).split(" "),
);

/** Throws what the classic builder answers for a file that is none. */
export function parseDockerfile(text: string, name: string): Instruction[] {
  const instructions: Instruction[] = [];
  let pending = "";
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*#/.test(line) || (pending !== "" && line.trim() === "")) continue;
    pending += line;
    if (pending.endsWith("\\")) {
      pending = pending.slice(0, -1);
      continue;
    }
    if (pending.trim() !== "") instructions.push(readInstruction(pending.trim(), index + 1));
    pending = "";
  }
  if (pending.trim() !== "") instructions.push(readInstruction(pending.trim(), text.split("\n").length));
  if (instructions.length === 0) throw new DockerError(400, `the Dockerfile (${name}) cannot be empty`);
  const first = instructions.find((instruction) => instruction.name !== "ARG");
  if (first?.name !== "FROM") throw new DockerError(400, "no build stage in current context");
  return instructions;
}

function readInstruction(line: string, number: number): Instruction {
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const name = word.toUpperCase();
  if (!KNOWN.has(name))
    throw new DockerError(400, `dockerfile parse error line ${number}: unknown instruction: ${name}`);
  const flags: Record<string, string> = {};
  let left = rest;
  for (let flag = readFlag(left); flag; flag = readFlag(left)) {
    flags[flag.name] = flag.value;
    left = flag.left;
  }
  return { name, flags, rest: left };
}

function readFlag(text: string): { name: string; value: string; left: string } | null {
  const match = /^--([a-z-]+)(?:=(\S*))?\s+(.*)$/s.exec(text);
  return match ? { name: match[1] ?? "", value: match[2] ?? "", left: match[3] ?? "" } : null;
}

/** `$NAME`, `${NAME}` and `${NAME:-default}` by their values; what has none is empty. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\\\$|\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)/g,
    (all, braced?: string, fallback?: string, plain?: string) => {
      if (all === "\\$") return "$";
      return variables.get(braced ?? plain ?? "") ?? fallback ?? "";
    },
  );
}

/** A command as words: a JSON list as it is, anything else for the shell. */
export function commandOf(rest: string): string[] {
  if (!rest.startsWith("[")) return ["/bin/sh", "-c", rest];
  const words: unknown = JSON.parse(rest);
  return Array.isArray(words) ? words.map(String) : [];
}
