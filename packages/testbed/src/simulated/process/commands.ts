import { resolvePath } from "./file-layer.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Stdin } from "./stdin.ts";

export interface CommandStreams {
  out: (data: string | Uint8Array) => void;
  err: (data: string | Uint8Array) => void;
  stdin: Stdin | null;
}

export interface CommandContext extends CommandStreams {
  process: SimulatedProcess;
  cwd: string;
  variables: Readonly<Record<string, string>>;
}

/** Resolves with the exit code. */
export type Command = (args: string[], context: CommandContext) => number | Promise<number>;

export const COMMANDS: Readonly<Record<string, Command>> = {
  true: () => 0,
  false: () => 1,
  echo: (args, { out }) => {
    const hasNewline = args[0] !== "-n";
    out(args.slice(hasNewline ? 0 : 1).join(" ") + (hasNewline ? "\n" : ""));
    return 0;
  },
  printf: (args, { out }) => {
    const values = args.slice(1);
    const escaped = (args[0] ?? "").replaceAll("\\n", "\n").replaceAll("\\t", "\t");
    out(escaped.replace(/%[sd%]/g, (found) => (found === "%%" ? "%" : (values.shift() ?? ""))));
    return 0;
  },
  sleep: async (args, { process, err }) => {
    const ms = args.map(durationMs).reduce((sum, part) => sum + part, 0);
    if (args.length === 0 || Number.isNaN(ms)) {
      err(`sleep: invalid number '${args[0] ?? ""}'\n`);
      return 1;
    }
    await process.sleep(ms);
    return 0;
  },
  cat: async (args, context) => {
    let status = 0;
    for (const arg of args.length === 0 ? ["-"] : args) {
      const content = arg === "-" ? null : readFile(arg, context);
      if (content) context.out(content);
      else if (arg === "-") await copyInput(context);
      else {
        context.err(`cat: can't open '${arg}': No such file or directory\n`);
        status = 1;
      }
    }
    return status;
  },
  head: async (args, context) => {
    const count = args[0] === "-c" ? Number(args[1]) : NaN;
    if (Number.isNaN(count) || args[2] !== "/dev/zero") {
      context.err("head: only `head -c COUNT /dev/zero` is simulated\n");
      return 1;
    }
    const chunkSize = 64 * 1024;
    for (let left = count; left > 0; left -= chunkSize) {
      context.out(new Uint8Array(Math.min(left, chunkSize)));
      await context.process.options.drained?.();
    }
    return 0;
  },
  seq: async (args, { out, process }) => {
    const [first, last] = args.length > 1 ? [Number(args[0]), Number(args[1])] : [1, Number(args[0])];
    const linesAtOnce = 10_000;
    for (let from = first; from <= last; from += linesAtOnce) {
      const length = Math.min(linesAtOnce, last - from + 1);
      out(Array.from({ length }, (_, at) => `${from + at}\n`).join(""));
      await process.options.drained?.();
    }
    return 0;
  },
  ls: (args, context) => {
    const folder = resolvePath(context.cwd, args.find((arg) => !arg.startsWith("-")) ?? ".");
    const names = context.process.options.files.list(folder);
    if (names) context.out(names.map((name) => `${name}\n`).join(""));
    else context.err(`ls: ${folder}: No such file or directory\n`);
    return names ? 0 : 1;
  },
  touch: (args, context) => {
    for (const arg of args) writeFile(arg, readFile(arg, context) ?? new Uint8Array(), context);
    return 0;
  },
  rm: (args, context) => {
    for (const arg of args.filter((text) => !text.startsWith("-"))) writeFile(arg, null, context);
    return 0;
  },
  mkdir: () => 0, // folders exist as soon as a file lies in them
  test: (args, context) => evaluateTest(args, context),
  "[": (args, context) => evaluateTest(args.slice(0, -1), context),
  env: (_, { out, variables }) => {
    for (const [name, value] of Object.entries(variables)) out(`${name}=${value}\n`);
    return 0;
  },
  stty: (args, context) => setTerminal(args, context),
  pwd: (_, { out, cwd }) => {
    out(`${cwd}\n`);
    return 0;
  },
  hostname: (_, { out, process }) => {
    out(`${process.options.hostname}\n`);
    return 0;
  },
  whoami: (_, { out, process }) => {
    out(`${process.options.user || "root"}\n`);
    return 0;
  },
  id: (args, { out, process }) => {
    const user = process.options.user || "0";
    out(args[0] === "-u" ? `${user}\n` : `uid=${user} gid=${user}\n`);
    return 0;
  },
  date: (_, { out, process }) => {
    out(`${new Date(process.options.clock.now()).toUTCString()}\n`);
    return 0;
  },
  "nvidia-smi": (_, { out, process }) => {
    const { gpus } = process.options;
    for (const gpu of gpus) out(`GPU ${gpu.index}: ${gpu.type} (UUID: ${gpu.uuid})\n`);
    if (gpus.length === 0) out("No devices were found\n");
    return gpus.length === 0 ? 6 : 0;
  },
};

export function hasCommand(name: string): boolean {
  return Object.hasOwn(COMMANDS, name);
}

function durationMs(text: string): number {
  if (text === "infinity" || text === "inf") return Infinity;
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  if (!match) return NaN;
  const unit = { s: 1, m: 60, h: 3600, d: 86400 }[match[2] || "s"] ?? 1;
  return Number(match[1]) * unit * 1000;
}

function readFile(path: string, { process, cwd }: CommandContext): Uint8Array | null {
  return process.options.files.read(resolvePath(cwd, path));
}

function writeFile(path: string, content: Uint8Array | null, { process, cwd }: CommandContext): void {
  process.options.files.write(resolvePath(cwd, path), content);
}

async function copyInput({ stdin, out, process }: CommandContext): Promise<void> {
  for (let chunk = await stdin?.read(); chunk; chunk = await stdin?.read()) {
    out(chunk);
    await process.options.drained?.();
  }
}

/** `stty size`, and the modes `raw`, `sane`, `echo` and `-echo`. */
function setTerminal(args: string[], { process: { terminal }, out, err }: CommandContext): number {
  if (!terminal) {
    err("stty: standard input: Inappropriate ioctl for device\n");
    return 1;
  }
  for (const arg of args) {
    if (arg === "size") out(`${terminal.size.rows} ${terminal.size.cols}\n`);
    else if (arg === "raw" || arg === "sane") terminal.isRaw = arg === "raw";
    else if (arg === "echo" || arg === "-echo") terminal.hasEcho = arg === "echo";
    else {
      err(`stty: invalid argument '${arg}'\n`);
      return 1;
    }
  }
  return 0;
}

function evaluateTest(args: string[], context: CommandContext): number {
  if (args[0] === "!") return 1 - evaluateTest(args.slice(1), context);
  const [left = "", operator, right = ""] = args;
  if (left === "-n") return operator ? 0 : 1;
  if (left === "-z") return operator ? 1 : 0;
  if (left === "-d") return context.process.options.files.list(resolvePath(context.cwd, operator ?? "")) ? 0 : 1;
  if (["-e", "-f", "-s"].includes(left)) return readFile(operator ?? "", context) ? 0 : 1;
  if (operator === "=" || operator === "==") return left === right ? 0 : 1;
  if (operator === "!=") return left === right ? 1 : 0;
  return left === "" ? 1 : 0;
}
