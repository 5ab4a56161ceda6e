import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../../apps/reconciler/src/main.ts", import.meta.url));

export interface ReconcilerProcess {
  pid: number;
  /** JSON lines of its log. */
  log: readonly string[];
  /** Resolves with how it ended: an exit code, or the signal's name. */
  exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** As an admin would end it. */
  stop(): Promise<number | string>;
}

export interface ReconcilerProcessOptions {
  databaseUrl: string;
  secretKey: string;
  /** Dies there, as a power cut would have it. */
  crashAt?: string;
  logLevel?: string;
  /** Whether machines get Berth's own container too (default no: what tests find on engines is theirs alone). */
  hasProbes?: boolean;
  /** Options of Node's own, such as a module that is loaded first. */
  execArgv?: string[];
}

/** The real reconciler, as a process of its own. It ends with this process, whatever ends that. */
export async function startReconcilerProcess(options: ReconcilerProcessOptions): Promise<ReconcilerProcess> {
  const child = spawn(process.execPath, [...(options.execArgv ?? []), MAIN], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      DATABASE_URL: options.databaseUrl,
      BERTH_SECRET_KEY: options.secretKey,
      BERTH_LOG_LEVEL: options.logLevel ?? "info",
      BERTH_SUPERVISED: "1",
      BERTH_PROBE: options.hasProbes ? "on" : "off",
      ...(options.crashAt !== undefined && { BERTH_CRASH_AT: options.crashAt }),
    },
  });
  const log: string[] = [];
  const exited = once(child, "exit").then(([code, signal]) => (signal ?? code) as number | string);
  const running = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.push(line);
      if (line.includes("the reconciler runs")) running.resolve();
    });
  }
  void exited.then((how) => running.reject(new Error(`the reconciler ended with ${how}:\n${log.join("\n")}`)));
  await running.promise;
  return {
    pid: child.pid ?? 0,
    log,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill("SIGTERM");
      return exited;
    },
  };
}
