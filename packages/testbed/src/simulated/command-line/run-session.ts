import { execFile, type ExecFileException } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Placeholders } from "./placeholders.ts";
import { type Outcome, type Session, showOutcome } from "./session.ts";

/** Longer than any command takes that has not hung. */
const LONGEST_MS = 30_000;

/** Where a session's commands go. */
export interface SessionTarget {
  /** As `DOCKER_HOST` takes it. */
  url: string;
  /** An image that the engine holds: `$IMAGE` in commands. */
  image: string;
  /** `host:port` of a registry that the engine reaches: `$REGISTRY` in commands. */
  registry: string;
}

/** Runs a session's commands, and answers each with what came of it, in which placeholders stand for what differs. */
export async function runSession(session: Session, target: SessionTarget): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), "session-"));
  const env = {
    PATH: process.env["PATH"],
    HOME: folder, // no login and no context of whoever runs it
    DOCKER_HOST: target.url,
    DOCKER_BUILDKIT: "0",
    IMAGE: target.image,
    REGISTRY: target.registry,
    LC_ALL: "C",
    TZ: "UTC",
  };
  const placeholders = new Placeholders({ [target.registry]: "<registry>", [target.image]: "<image>" });
  try {
    const steps: Session["steps"] = [];
    for (const { command } of session.steps) {
      const { code, stdout, stderr } = await run(command, folder, env);
      const outcome = { code, stdout: placeholders.replace(stdout), stderr: placeholders.replace(stderr) };
      steps.push({ command, expected: showOutcome(outcome) });
    }
    return { name: session.name, steps };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As a shell counts: a command that a signal ended has 128 and the signal's number. */
function codeOf({ code, signal }: ExecFileException): number {
  return typeof code === "number" ? code : 128 + (signal ? constants.signals[signal] : 0);
}

function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const options = { cwd, env, timeout: LONGEST_MS, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    const child = execFile("/bin/bash", ["-c", command], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : codeOf(error), stdout, stderr });
    });
    child.stdin?.end();
  });
}
