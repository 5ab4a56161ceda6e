import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { shortId } from "../hex-id.ts";
import { isProgram, runProgram } from "../process/programs.ts";
import { simulateReading } from "../probe/simulate-reading.ts";
import { SimulatedProcess } from "../process/simulated-process.ts";
import { Stdin } from "../process/stdin.ts";
import { allocateNetwork } from "./allocate-network.ts";
import { releaseNetwork, tellConnected } from "./connect-network.ts";
import { type ContainerRecord, settleWaiters } from "./container-record.ts";
import { endRun } from "./end-run.ts";
import { grantGpus } from "./grant-gpus.ts";
import { showInLists } from "./lagging-lists.ts";

/** Starts the container's process. Throws what Docker answers where it can't, with the reason kept in the container. */
export function launch(daemon: Daemon, container: ContainerRecord): void {
  try {
    run(daemon, container);
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    container.exit_code = error.status === 400 ? 127 : 128;
    container.error = error.message;
    container.status = container.finished_ns === null ? "created" : "exited";
    releaseNetwork(daemon, container);
    daemon.onlooker?.seesNotStarted(daemon, container, error);
    daemon.onChange();
    throw error;
  }
}

function run(daemon: Daemon, container: ContainerRecord): void {
  const argv = [...(container.config.Entrypoint ?? []), ...(container.config.Cmd ?? [])];
  const gpus = grantGpus(daemon, container);
  container.network = allocateNetwork(daemon, container);
  if (!daemon.generation.isModern) tellConnected(daemon, container);
  // With `Init` it is the init process that starts, and that finds nothing to run.
  if (!isProgram(argv[0] ?? "") && !container.host.Init) throw executableNotFound(daemon, argv[0] ?? "");
  if (daemon.generation.isModern) tellConnected(daemon, container);

  const { config } = container;
  const hostname = config.Hostname || shortId(container.id);
  const process = new SimulatedProcess({
    argv,
    env: { ...environmentOf(config.Env ?? []), HOSTNAME: hostname },
    cwd: config.WorkingDir || "/",
    user: config.User ?? "",
    hostname,
    files: container.files,
    clock: daemon.options.clock,
    gpus,
    probe: (seq) => simulateReading(daemon, seq),
    hasTty: config.Tty === true,
    stdin: config.OpenStdin ? new Stdin() : null,
    isFirst: container.host.Init !== true,
    peers: () => processesOf(daemon, container),
    output: (stream, bytes) => container.log.append(stream, bytes, daemon.time.nowNs()),
  });
  container.process = process;
  container.pid = daemon.nextPid();
  showInLists(container);
  container.status = "running";
  container.exit_code = 0;
  container.error = "";
  container.started_ns = daemon.time.nowNs();
  container.health = null;
  daemon.publishContainer(container, "start");
  daemon.onChange();
  void process.exited.then((code) => endRun(daemon, container, process, code, launch));
  process.start(runProgram);
  settleWaiters(container, ["start"]);
}

/** Its own process, and the commands that run in it. */
export function processesOf(daemon: Daemon, container: ContainerRecord): SimulatedProcess[] {
  const commands = container.exec_ids.map((id) => daemon.execs.get(id)?.process);
  return [container.process, ...commands].filter((process) => process !== null && process !== undefined);
}

export function environmentOf(env: string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

export function whyNotFound(path: string): string {
  return path.startsWith("/")
    ? `exec: "${path}": stat ${path}: no such file or directory`
    : `exec: "${path}": executable file not found in $PATH`;
}

function executableNotFound(daemon: Daemon, path: string): DockerError {
  const reason = whyNotFound(path);
  const common =
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";
  const message = daemon.generation.isModern
    ? `failed to create task for container: ${common}error during container init: ${reason}`
    : `${common}${reason}: unknown`;
  return new DockerError(400, message);
}
