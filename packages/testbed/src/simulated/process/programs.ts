import { PROBE_SCRIPT, runProbe } from "../probe/run-probe.ts";
import { fileScriptIn } from "./file-scripts.ts";
import { hangUpIn } from "./hang-up.ts";
import { COMMANDS, type CommandStreams, hasCommand } from "./commands.ts";
import { Shell } from "./shell.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

const SHELLS = new Set(["sh", "ash", "bash", "dash", "zsh"]);

function programName(path: string): string {
  return path.split("/").at(-1) ?? "";
}

/** Docker refuses to start what it can't find, before any process exists. */
export function isProgram(path: string): boolean {
  const name = programName(path);
  return SHELLS.has(name) || hasCommand(name);
}

/** Runs what the process was made for, and resolves with its exit code. */
export async function runProgram(process: SimulatedProcess): Promise<number> {
  const streams: CommandStreams = {
    out: (data) => process.write("stdout", data),
    err: (data) => process.write("stderr", data),
    stdin: process.options.stdin,
  };
  const shell = new Shell(process, streams);
  const [path = "", ...args] = process.options.argv;
  const name = programName(path);
  const { probe } = process.options;
  if (probe && SHELLS.has(name) && args[0] === PROBE_SCRIPT) return runProbe(process, probe);
  if (SHELLS.has(name)) {
    const script = args.findIndex((arg) => /^-[a-z]*c[a-z]*$/.test(arg));
    if (script < 0) return shell.runInteractive();
    const [text = "", , argument = ""] = args.slice(script + 1);
    const fileScript = fileScriptIn(text);
    if (fileScript) return fileScript(process, args.slice(script + 3));
    const hangUp = hangUpIn(text, argument);
    if (!hangUp) return shell.runScript(text);
    hangUp(process.options.peers().filter((peer) => peer !== process));
    return 0;
  }
  const command = COMMANDS[name];
  if (command) return command(args, shell.contextOf(streams));
  process.write("stderr", `[FATAL tini (7)] exec ${path} failed: No such file or directory\n`);
  return 127;
}
