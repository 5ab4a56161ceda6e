import { type CommandContext, COMMANDS, type CommandStreams } from "./commands.ts";
import { resolvePath } from "./file-layer.ts";
import { parseShell, type Redirect, type ShellNode, ShellSyntaxError, type Word } from "./shell-parser.ts";
import { parseSignal, SIGINT, SIGTERM } from "./signals.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { Stdin } from "./stdin.ts";

/** `exit`, on its way out of whatever it stands in. */
class ShellExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The least that one turn of a loop takes, so that no script keeps this process busy. */
const LOOP_TURN_MS = 1;

export class Shell {
  readonly process: SimulatedProcess;
  readonly variables: Record<string, string>;
  cwd: string;
  #status = 0;
  #streams: CommandStreams;
  #background: Promise<number>[] = [];

  constructor(process: SimulatedProcess, streams: CommandStreams) {
    this.process = process;
    this.variables = { ...process.options.env };
    this.cwd = process.options.cwd;
    this.#streams = streams;
  }

  async runScript(script: string): Promise<number> {
    try {
      const node = parseShell(script);
      return node ? await this.#run(node, this.#streams) : 0;
    } catch (error) {
      if (error instanceof ShellExit) return error.code;
      if (!(error instanceof ShellSyntaxError)) throw error;
      this.#streams.err(`sh: ${error.message}\n`);
      return 2;
    }
  }

  /** Reads lines until the input ends; without an input it ends at once, as a shell does. */
  async runInteractive(): Promise<number> {
    const { hasTty, stdin } = this.process.options;
    this.process.traps.set(SIGTERM, ""); // a shell that people type at ignores it
    if (!stdin) return 0;
    for (;;) {
      if (hasTty) this.#streams.out(`${this.cwd} # `);
      const line = await Promise.race([stdin.readLine(), this.process.nextInterrupt().then(() => "")]);
      if (line === null) return this.#status;
      try {
        this.#status = await this.#runLine(line);
      } catch (error) {
        if (error instanceof ShellExit) return error.code;
        if (!(error instanceof ShellSyntaxError)) throw error;
        this.#streams.err(`sh: ${error.message}\n`);
        this.#status = 2;
      }
    }
  }

  /** An interrupt ends the line: what it still writes goes nowhere. */
  async #runLine(line: string): Promise<number> {
    const node = parseShell(line);
    if (!node) return this.#status;
    let isInterrupted = false;
    const unless = (write: CommandStreams["out"]): CommandStreams["out"] => {
      return (data) => {
        if (!isInterrupted) write(data);
      };
    };
    const { out, err, stdin } = this.#streams;
    const interrupted = this.process.nextInterrupt().then(() => {
      isInterrupted = true;
      return 128 + SIGINT;
    });
    return Promise.race([this.#run(node, { out: unless(out), err: unless(err), stdin }), interrupted]);
  }

  contextOf(streams: CommandStreams): CommandContext {
    return { ...streams, process: this.process, cwd: this.cwd, variables: this.variables };
  }

  async #run(node: ShellNode, streams: CommandStreams): Promise<number> {
    switch (node.kind) {
      case "simple":
        return this.#simple(node.words, node.redirects, streams);
      case "sequence":
        await this.#run(node.first, streams);
        return this.#run(node.then, streams);
      case "and":
      case "or": {
        const status = await this.#run(node.first, streams);
        return (status === 0) === (node.kind === "and") ? this.#run(node.then, streams) : status;
      }
      case "pipe": {
        const piped: Uint8Array[] = [];
        await this.#run(node.first, { ...streams, out: (data) => piped.push(Buffer.from(data)) });
        return this.#run(node.then, { ...streams, stdin: Stdin.of(Buffer.concat(piped)) });
      }
      case "background":
        this.#background.push(this.#run(node.body, { ...streams, stdin: null }));
        return 0;
      case "while":
        while (((await this.#run(node.condition, streams)) === 0) !== node.isUntil) {
          await this.#run(node.body, streams);
          await this.process.sleep(LOOP_TURN_MS);
        }
        return 0;
      case "if": {
        const isTrue = (await this.#run(node.condition, streams)) === 0;
        if (isTrue) return this.#run(node.body, streams);
        return node.otherwise ? this.#run(node.otherwise, streams) : 0;
      }
    }
  }

  async #simple(words: Word[], redirects: Redirect[], streams: CommandStreams): Promise<number> {
    const argv = words
      .map((word) => this.#expand(word))
      .filter((text, at) => text !== "" || words[at]?.some((piece) => "text" in piece));
    const redirected = this.#redirect(redirects, streams);
    this.#status = redirected ? await this.#call(argv, redirected.streams) : 1;
    redirected?.flush();
    for (let trap = this.process.takePendingTrap(); trap !== undefined; trap = this.process.takePendingTrap()) {
      const status = this.#status;
      const node = parseShell(trap);
      if (node) await this.#run(node, streams);
      this.#status = status;
    }
    return this.#status;
  }

  async #call(argv: string[], streams: CommandStreams): Promise<number> {
    while (/^\w+=/.test(argv[0] ?? "")) {
      const [name = "", ...value] = (argv.shift() ?? "").split("=");
      this.variables[name] = value.join("=");
    }
    const [name, ...args] = argv;
    if (name === undefined) return 0;
    switch (name) {
      case ":":
        return 0;
      case "exit":
        throw new ShellExit(args[0] === undefined ? this.#status : Number(args[0]) & 255);
      case "exec":
        throw new ShellExit(args.length > 0 ? await this.#call(args, streams) : 0);
      case "cd":
        this.cwd = resolvePath(this.cwd, args[0] ?? "/");
        return 0;
      case "export":
        return args.some((arg) => arg.includes("=")) ? this.#call(args, streams) : 0;
      case "trap":
        for (const signal of args.slice(1)) this.#trap(args[0] ?? "", signal);
        return 0;
      case "read": {
        const line = (await streams.stdin?.readLine()) ?? null;
        this.variables[args.at(-1) ?? "REPLY"] = line ?? "";
        return line === null ? 1 : 0;
      }
      case "wait":
        await Promise.race([Promise.all(this.#background), this.process.nextTrap()]);
        return 0;
      case "sh":
      case "bash":
        if (args[0] === "-c") return new Shell(this.process, streams).runScript(args[1] ?? "");
        if (args.length === 0) return new Shell(this.process, streams).runInteractive();
    }
    const command = COMMANDS[name.split("/").at(-1) ?? ""];
    if (command) return command(args, this.contextOf(streams));
    streams.err(`sh: ${name}: not found\n`);
    return 127;
  }

  #trap(action: string, signal: string): void {
    const number = parseSignal(signal);
    if (number === null) return;
    if (action === "-") this.process.traps.delete(number);
    else this.process.traps.set(number, action);
  }

  #expand(word: Word): string {
    return word
      .map((piece) => {
        if ("text" in piece) return piece.text;
        if (piece.variable === "?") return String(this.#status);
        return piece.variable === "$" ? "1" : (this.variables[piece.variable] ?? "");
      })
      .join("");
  }

  /** Null where a file could not be opened, which was said on stderr. */
  #redirect(redirects: Redirect[], outer: CommandStreams): { streams: CommandStreams; flush: () => void } | null {
    const { files } = this.process.options;
    const streams = { ...outer };
    const opened: { path: string; chunks: Uint8Array[] }[] = [];
    for (const redirect of redirects) {
      const path = resolvePath(this.cwd, this.#expand(redirect.target));
      const sink = redirect.stream === "stderr" ? "err" : "out";
      if (redirect.mode === "duplicate") streams[sink] = sink === "err" ? streams.out : streams.err;
      else if (path === "/dev/null") {
        if (redirect.stream === "stdin") streams.stdin = Stdin.of(new Uint8Array());
        else streams[sink] = () => {};
      } else if (redirect.mode === "read") {
        const content = files.read(path);
        if (!content) outer.err(`sh: can't open ${path}: no such file\n`);
        if (!content) return null;
        streams.stdin = Stdin.of(content);
      } else {
        const before = redirect.mode === "append" ? files.read(path) : null;
        const file = { path, chunks: before ? [before] : [] };
        if (!files.write(path, Buffer.concat(file.chunks))) {
          outer.err(`sh: can't create ${path}: Read-only file system\n`);
          return null;
        }
        opened.push(file);
        streams[sink] = (data) => {
          file.chunks.push(Buffer.from(data));
        };
      }
    }
    return { streams, flush: () => opened.forEach(({ path, chunks }) => files.write(path, Buffer.concat(chunks))) };
  }
}
