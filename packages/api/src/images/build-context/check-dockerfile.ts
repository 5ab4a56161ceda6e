import { DomainError } from "@berth/spec/error-code.ts";
import { DOCKERFILE_MAX_BYTES } from "@berth/spec/image.ts";
import { type Dockerfile, type Instruction, readDockerfile } from "./read-dockerfile.ts";

/** An image that a Dockerfile starts from. */
export interface BaseReference {
  line: number;
  /** With the arguments' values put in. */
  reference: string;
}

export interface CheckedDockerfile {
  /** Of every stage that starts from an image of somewhere else; `scratch` is none. */
  bases: BaseReference[];
  /** Where the image that is built starts from, through whichever stages: one of `bases`, or null for `scratch`. */
  base: BaseReference | null;
}

/** All that the classic builder knows. */
const FLAGS: Record<string, readonly string[]> = {
  FROM: ["platform"],
  COPY: ["from", "chown"],
  ADD: ["chown"],
  HEALTHCHECK: ["interval", "timeout", "start-period", "start-interval", "retries"],
};
const KEYWORDS = new Set([
  ..."ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL".split(" "),
  ..."MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(" "),
]);
/** Each is looked for. */
const MAX_BASES = 100;
/** BuildKit gives them a value by itself. */
const PLATFORM_ARG = /^(BUILD|TARGET)(PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/;

/**
 * Looks for what would fail, or mean something else, on the classic builder: UNPROCESSABLE, naming the line. It has no
 * heredocs, no flags of BuildKit's (`RUN --mount`, `COPY --link`, …), no platform in its arguments, no repositories for ADD.
 * `# syntax=docker/dockerfile:1` and its minor versions are taken, since nothing else depends on them; another is refused.
 * Whatever else is wrong with an instruction is the builder's to say.
 */
export function checkDockerfile(text: string, buildArgs: Readonly<Record<string, string>> = {}): CheckedDockerfile {
  if (Buffer.byteLength(text) > DOCKERFILE_MAX_BYTES) {
    throw new DomainError("PAYLOAD_TOO_LARGE", "dockerfile: it is larger than 1 MiB.", { field: "dockerfile" });
  }
  const dockerfile = readDockerfile(text);
  refuseSyntax(dockerfile);
  for (const instruction of dockerfile.instructions) checkInstruction(instruction, buildArgs);
  return readBases(dockerfile.instructions, buildArgs);
}

const refusal = (line: number, what: string): DomainError =>
  new DomainError("UNPROCESSABLE", `dockerfile, line ${line}: ${what}`, { field: "dockerfile", line });

const ofBuildKit = (line: number, what: string): DomainError =>
  refusal(line, `${what} needs BuildKit, and images are built by the classic builder here.`);

function refuseSyntax({ directives }: Dockerfile): void {
  const syntax = directives.get("syntax");
  if (!syntax || /^(docker\.io\/)?docker\/dockerfile:1(\.\d+){0,2}(@sha256:[a-f0-9]{64})?$/.test(syntax.value)) return;
  throw ofBuildKit(syntax.line, `# syntax=${syntax.value}`);
}

function checkInstruction(instruction: Instruction, buildArgs: Readonly<Record<string, string>>): void {
  const { line, keyword, flags, rest } = instruction;
  if (keyword === "ONBUILD") {
    const [, trigger = "", after = ""] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
    const onbuild = readDockerfile(`${trigger} ${after}`.replaceAll(/\r?\n/g, " ")).instructions[0];
    if (onbuild && onbuild.keyword !== "ONBUILD") checkInstruction({ ...onbuild, line }, buildArgs);
    return;
  }
  if (!KEYWORDS.has(keyword)) throw refusal(line, `there is no instruction ${keyword.slice(0, 100)}.`);
  for (const flag of flags) {
    const [, name = ""] = /^--([^=]*)/.exec(flag) ?? [];
    const known = FLAGS[keyword];
    if (known?.includes(name)) continue;
    // Others take what begins with `--` for their own.
    if (known || keyword === "RUN") throw ofBuildKit(line, `${keyword} --${name.slice(0, 100)}`);
  }
  if (["RUN", "COPY", "ADD"].includes(keyword) && hasHeredoc(rest)) throw ofBuildKit(line, "A heredoc (<<)");
  if (keyword === "ADD" && rest.split(/\s+/).some(isRepository)) {
    throw ofBuildKit(line, "ADD of a Git repository");
  }
  if (keyword === "ARG") {
    for (const name of rest.split(/\s+/)) {
      if (PLATFORM_ARG.test(name) && !Object.hasOwn(buildArgs, name)) {
        throw ofBuildKit(line, `ARG ${name} without a value`);
      }
    }
  }
}

function isRepository(word: string): boolean {
  const [address = ""] = word.split("#", 1);
  return /^(git@|ssh:\/\/|git:\/\/)/.test(address) || (/^https?:\/\//.test(address) && address.endsWith(".git"));
}

/** At the start of a word that is in no quotes; an exec form has none. Not by a pattern: those take long for odd texts. */
function hasHeredoc(rest: string): boolean {
  if (rest.startsWith("[")) return false;
  let quote = "";
  /** So far only digits, or nothing: the number of what is redirected. */
  let isAtStart = true;
  for (let at = 0; at < rest.length; at += 1) {
    const sign = rest.charAt(at);
    if (quote === "" && isAtStart && /^<<-?["']?[A-Za-z_]/.test(rest.slice(at, at + 5))) return true;
    if (sign === "\\" && quote !== "'") at += 1;
    else if (quote === sign) quote = "";
    else if (quote === "" && (sign === "'" || sign === '"')) quote = sign;
    isAtStart = quote === "" && (/\s/.test(sign) || (isAtStart && /\d/.test(sign)));
  }
  return false;
}

function readBases(
  instructions: readonly Instruction[],
  buildArgs: Readonly<Record<string, string>>,
): CheckedDockerfile {
  const args = new Map<string, string>();
  const bases: BaseReference[] = [];
  const stages = new Map<string, BaseReference | null>();
  let base: BaseReference | null = null;
  let isBuilding = false;
  for (const { line, keyword, rest } of instructions) {
    if (keyword === "ARG") {
      // One within a stage counts there alone.
      if (!isBuilding) readArgs(rest, args, buildArgs);
      continue;
    }
    if (keyword !== "FROM") {
      if (!isBuilding) throw refusal(line, `${keyword} comes before the first FROM.`);
      continue;
    }
    isBuilding = true;
    const [, from = "", stage] = /^(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(rest) ?? [];
    if (from === "") throw refusal(line, "write FROM image, or FROM image AS stage.");
    const reference = substitute(line, from, args);
    if (stages.has(reference.toLowerCase())) base = stages.get(reference.toLowerCase()) ?? null;
    else {
      base = reference === "scratch" ? null : { line, reference };
      if (base) bases.push(base);
      if (bases.length > MAX_BASES) throw refusal(line, `it starts from more than ${MAX_BASES} images.`);
    }
    if (stage !== undefined) stages.set(stage.toLowerCase(), base);
  }
  if (!isBuilding) throw new DomainError("UNPROCESSABLE", "dockerfile: it has no FROM.", { field: "dockerfile" });
  return { bases, base };
}

function readArgs(rest: string, args: Map<string, string>, buildArgs: Readonly<Record<string, string>>): void {
  for (const [, name = "", given] of rest.matchAll(/([A-Za-z_][A-Za-z0-9_]*)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const value = Object.hasOwn(buildArgs, name) ? buildArgs[name] : given;
    if (value !== undefined) args.set(name, substituteIn(unquote(value), args).slice(0, MAX_VALUE));
  }
}

/** More is no image's name. Values of values of values would grow without end. */
const MAX_VALUE = 4_096;

const unquote = (text: string): string => text.replace(/^(["'])(.*)\1$/, "$2");

function substitute(line: number, from: string, args: ReadonlyMap<string, string>): string {
  const reference = substituteIn(unquote(from), args);
  if (reference !== "" && !reference.includes("$")) return reference;
  throw refusal(line, `FROM ${from.slice(0, 200)} has a variable without a value: give ARG a default, or build_args.`);
}

/** `$NAME`, `${NAME}`, `${NAME:-else}` and `${NAME:+then}`; what is not known stays as nothing. */
const substituteIn = (text: string, args: ReadonlyMap<string, string>): string =>
  text
    .slice(0, MAX_VALUE)
    .replaceAll(
      /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?([-+])([^}]*))?\})/g,
      (_, plain: string | undefined, braced: string | undefined, sign?: string, other = "") => {
        const value = args.get(plain ?? braced ?? "") ?? "";
        if (sign === "-") return value === "" ? other : value;
        if (sign === "+") return value === "" ? "" : other;
        return value;
      },
    );
