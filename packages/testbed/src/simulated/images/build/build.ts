import { posix } from "node:path";
import { z } from "zod";
import { needSpace } from "../../disk.ts";
import { DockerError } from "../../docker-error.ts";
import { shortId } from "../../hex-id.ts";
import { type Call, isSet, type Reply } from "../../http/call.ts";
import type { Files } from "../../process/file-layer.ts";
import { applyChanges } from "../dockerfile-changes.ts";
import { formatReference, parseReference } from "../image-reference.ts";
import type { ImageRecord } from "../image-store.ts";
import { findOrPull } from "../pull.ts";
import { setTag } from "../tag.ts";
import { contextPath, copyFiles, readContext } from "./context.ts";
import { commandOf, expandVariables, type Instruction, parseDockerfile } from "./dockerfile.ts";
import { runStep } from "./run-step.ts";
import { Stage } from "./stage.ts";

/** An error that comes in the stream, after the answer has begun well. */
class StepFailure extends Error {
  readonly code: number | null;

  constructor(message: string, code: number | null = null) {
    super(message);
    this.code = code;
  }
}

const Texts = z.record(z.string(), z.string());

interface Build {
  call: Call;
  context: Files;
  stages: Stage[];
  /** ARGs before the first FROM, for FROMs only. */
  global: Map<string, string>;
  given: Record<string, string>;
  consumed: Set<string>;
  memory: number;
  tell: (line: object) => void;
}

/** `POST /build`: the classic builder, without its cache and without git. A small part of what a Dockerfile can say. */
export async function buildImage(call: Call): Promise<Reply> {
  const { daemon, query } = call;
  const name = query.get("t") ?? "";
  const tag = name === "" ? null : formatReference(parseReference(name, daemon.generation, 500));
  if (query.get("remote")) throw new DockerError(500, 'exec: "git": executable file not found in $PATH');
  needSpace(daemon, "mkdir", "tmp/docker-builder1");
  const context = await readContext(await call.body());
  const dockerfile = query.get("dockerfile") || "Dockerfile";
  const file = context.get(contextPath(dockerfile));
  if (!file) throw new DockerError(500, `Cannot locate specified Dockerfile: ${dockerfile}`);
  const instructions = parseDockerfile(Buffer.from(file).toString(), dockerfile);
  const labels = Texts.parse(JSON.parse(query.get("labels") || "{}"));
  for (const [key, value] of Object.entries(labels)) {
    instructions.push({ name: "LABEL", flags: {}, rest: quoted(key, value) });
  }
  await daemon.takes("build");
  const body = call.stream(200, { "Content-Type": "application/json" });
  const isQuiet = isSet(query, "q");
  const untold: object[] = [];
  let written = Promise.resolve();
  const write = (line: object): void => {
    written = written.then(() => body.write(`${JSON.stringify(line)}\r\n`));
  };
  const build: Build = {
    call,
    context,
    stages: [],
    global: new Map(),
    given: Texts.parse(JSON.parse(query.get("buildargs") || "{}")),
    consumed: new Set(),
    memory: Number(query.get("memory") ?? 0),
    // Who wants to hear little hears all of it where the build fails.
    tell: (line) => (isQuiet && "stream" in line ? void untold.push(line) : write(line)),
  };
  try {
    const image = await followSteps(build, instructions);
    if (!image) return undefined; // the client has gone, and the build with it
    const unused = Object.keys(build.given).filter((key) => !build.consumed.has(key));
    if (unused.length > 0) {
      build.tell({ stream: `[Warning] One or more build-args [${unused.join(" ")}] were not consumed\n` });
    }
    build.tell({ stream: `Successfully built ${shortId(image.id)}\n` });
    if (tag) {
      setTag(daemon, tag, image);
      build.tell({ stream: `Successfully tagged ${tag}\n` });
    }
    if (isQuiet) write({ stream: `${image.id}\n` });
  } catch (error) {
    const code = error instanceof StepFailure && error.code !== null ? { code: error.code } : {};
    const message = error instanceof Error ? error.message : String(error);
    untold.forEach(write);
    build.tell({ errorDetail: { ...code, message }, error: message });
  }
  daemon.onChange();
  await written;
  body.end();
  return undefined;
}

/** As a LABEL has it, where nothing of it is a variable. */
function quoted(key: string, value: string): string {
  if (/^[\w.-]+=[\w.-]+$/.test(`${key}=${value}`)) return `${key}=${value}`;
  return `${JSON.stringify(key)}=${JSON.stringify(value)}`.replaceAll("$", "\\$");
}

async function followSteps(build: Build, instructions: Instruction[]): Promise<ImageRecord | null> {
  const { call, tell } = build;
  let image: ImageRecord | null = null;
  for (const [index, instruction] of instructions.entries()) {
    if (call.client.aborted) return null;
    const flags = Object.entries(instruction.flags).map(([flag, value]) => `--${flag}=${value} `);
    const shown = `${instruction.name} ${flags.join("")}${instruction.rest}`;
    tell({ stream: `Step ${index + 1}/${instructions.length} : ${shown}` });
    tell({ stream: "\n" });
    if ((await follow(build, instruction)) === "gone") return null;
    const next = instructions[index + 1];
    const stage = build.stages.at(-1);
    if (!stage || (next && next.name !== "FROM")) continue;
    image = stage.finish(call.daemon);
    tell({ stream: ` ---> ${shortId(image.id)}\n` });
    tell({ aux: { ID: image.id } });
  }
  return image;
}

async function follow(build: Build, instruction: Instruction): Promise<"done" | "gone"> {
  const { name, rest, flags } = instruction;
  const stage = build.stages.at(-1);
  if (name === "FROM") begin(build, expandVariables(rest, build.global));
  else if (name === "ARG") declare(build, stage, rest);
  else if (!stage) throw new StepFailure("no build stage in current context");
  else if (name === "COPY" || name === "ADD")
    copy(build, stage, name, flags["from"], expandVariables(rest, stage.variables()));
  else if (name === "RUN") return run(build, stage, instruction);
  else if (name === "STOPSIGNAL") stage.configure({ ...stage.config, StopSignal: rest });
  else if (!["MAINTAINER", "SHELL", "HEALTHCHECK", "ONBUILD"].includes(name)) configure(stage, name, rest);
  return "done";
}

function begin({ call, stages, tell }: Build, rest: string): void {
  const [from = "", as = "", name = ""] = rest.split(/\s+/);
  const stageName = as.toUpperCase() === "AS" ? name.toLowerCase() : null;
  const earlier = stages.find((stage) => stage.name === from.toLowerCase());
  const base = earlier ? earlier.finish(call.daemon) : from === "scratch" ? null : findOrPull(call.daemon, from, tell);
  stages.push(new Stage(stageName, base));
}

function declare(build: Build, stage: Stage | undefined, rest: string): void {
  const [, name = "", fallback] = /^(\w+)(?:=(.*))?$/s.exec(rest.trim()) ?? [];
  const declared = stage?.args ?? build.global;
  const value = build.given[name] ?? (fallback === undefined ? build.global.get(name) : unquoted(fallback, declared));
  build.consumed.add(name);
  if (value !== undefined) declared.set(name, value);
}

function unquoted(text: string, variables: ReadonlyMap<string, string>): string {
  return expandVariables(text, variables).replace(/^(["'])(.*)\1$/s, "$2");
}

function configure(stage: Stage, name: string, rest: string): void {
  const isCommand = name === "CMD" || name === "ENTRYPOINT";
  const text = isCommand ? rest : expandVariables(rest, stage.variables());
  const value = name === "WORKDIR" ? posix.resolve(stage.config.WorkingDir || "/", text) : text;
  stage.configure(applyChanges(stage.config, [`${name} ${value}`]));
}

function copy(build: Build, stage: Stage, name: string, from: string | undefined, rest: string): void {
  const words = rest.startsWith("[") ? commandOf(rest) : rest.split(/\s+/);
  const target = words.pop() ?? "";
  if (words.some((source) => /^[a-z]+:\/\//.test(source))) throw new StepFailure(`${name} of a URL is not simulated`);
  const isFolder = target.endsWith("/") || target === ".";
  const place = posix.resolve(stage.config.WorkingDir || "/", target);
  const copied = copyFiles(
    from === undefined ? build.context : filesOf(build, from),
    from === undefined ? "/" : "",
    words,
    isFolder && place !== "/" ? `${place}/` : place,
  );
  if ("missing" in copied) {
    const { missing } = copied;
    const why = `stat ${missing}: file does not exist`;
    throw new StepFailure(`${name} failed: file not found in build context or excluded by .dockerignore: ${why}`);
  }
  stage.addLayer(copied.files);
}

function filesOf({ call: { daemon }, stages }: Build, from: string): Files {
  const stage = stages.find((other, index) => other.name === from.toLowerCase() || String(index) === from);
  return stage?.files ?? daemon.images.get(from, daemon.generation).files;
}

async function run(
  { call, memory, tell }: Build,
  stage: Stage,
  { rest, flags }: Instruction,
): Promise<"done" | "gone"> {
  if ("mount" in flags) {
    const where = "Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled";
    throw new StepFailure(`the --mount option requires BuildKit. ${where}`);
  }
  const code = await runStep(call, stage, rest, memory, (text) => tell({ stream: text }));
  if (code === null) return "gone";
  if (code !== 0) {
    const command = commandOf(rest).join(" ");
    throw new StepFailure(`The command '${command}' returned a non-zero code: ${code}`, code);
  }
  return "done";
}
