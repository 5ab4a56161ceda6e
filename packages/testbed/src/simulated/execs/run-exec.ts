import type { ContainerRecord } from "../containers/container-record.ts";
import { environmentOf, processesOf } from "../containers/launch.ts";
import type { Daemon } from "../daemon.ts";
import { shortId } from "../hex-id.ts";
import { isProgram, runProgram } from "../process/programs.ts";
import { SimulatedProcess } from "../process/simulated-process.ts";
import { Stdin } from "../process/stdin.ts";
import type { ExecRecord } from "./exec-record.ts";

/** Commands that have ended are forgotten, the oldest first, when there are more. */
const KEPT_EXECS = 256;

interface Reader {
  output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Resolves when it can take more. */
  drained: () => Promise<void>;
}

/** Starts a command inside a container. Null where there is no such program, which the record then says. */
export function runExec(
  daemon: Daemon,
  container: ContainerRecord,
  exec: ExecRecord,
  reader: Reader | null,
): SimulatedProcess | null {
  const publish = (action: string, attributes: Record<string, string> = {}): void =>
    daemon.publishContainer(container, action, { execID: exec.id, ...attributes });
  if (!isProgram(exec.argv[0] ?? "")) {
    endExec(daemon, container, exec, daemon.generation.isModern ? 127 : 126);
    return null;
  }
  publish(`exec_start: ${exec.argv.join(" ")}`);
  const { config } = container;
  const process = new SimulatedProcess({
    argv: exec.argv,
    env: { ...(exec.hasTty ? { TERM: "xterm" } : {}), ...environmentOf([...(config.Env ?? []), ...exec.env]) },
    cwd: exec.working_dir || config.WorkingDir || "/",
    user: exec.user || (config.User ?? ""),
    hostname: config.Hostname || shortId(container.id),
    files: container.files,
    clock: daemon.options.clock,
    gpus: container.process?.options.gpus ?? [],
    hasTty: exec.hasTty,
    stdin: exec.attach.stdin ? new Stdin() : null,
    isFirst: false,
    output: (stream, bytes) => {
      if (exec.attach[stream]) reader?.output(stream, bytes);
    },
    drained: () => reader?.drained() ?? Promise.resolve(),
    peers: () => processesOf(daemon, container),
  });
  const { console_size: size } = exec;
  if (size) process.resize(size.cols, size.rows);
  exec.process = process;
  exec.state = "running";
  exec.pid = daemon.nextPid();
  void process.exited.then((code) => {
    endExec(daemon, container, exec, code);
    publish("exec_die", { exitCode: String(code) });
  });
  process.start(runProgram);
  return process;
}

function endExec(daemon: Daemon, container: ContainerRecord, exec: ExecRecord, exitCode: number): void {
  exec.state = "ended";
  exec.exit_code = exitCode;
  exec.process = null;
  container.exec_ids = container.exec_ids.filter((id) => id !== exec.id);
  if (daemon.execs.size <= KEPT_EXECS) return;
  const oldest = [...daemon.execs.values()].find((other) => other.state === "ended");
  if (oldest) daemon.execs.delete(oldest.id);
}
