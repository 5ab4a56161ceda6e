import { type ContainerRecord, isRunning } from "../containers/container-record.ts";
import { whyNotFound } from "../containers/launch.ts";
import { notRunning } from "../containers/kill.ts";
import { refuseWhileRestarting } from "../containers/pause.ts";
import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { newHexId } from "../hex-id.ts";
import { type Call, readJson, type Reply } from "../http/call.ts";
import { frame, streamType } from "../http/stream-framing.ts";
import { typeIn } from "../process/type-in.ts";
import { ExecBody, ExecStartBody } from "../wire.ts";
import type { ExecRecord } from "./exec-record.ts";
import { runExec } from "./run-exec.ts";

/** `POST /containers/:id/exec`: only says what is to be run. */
export async function createExec(call: Call): Promise<Reply> {
  const { daemon, params } = call;
  const wish = await readJson(call, ExecBody);
  const container = daemon.container(params["id"] ?? "");
  if ((wish.Cmd ?? []).length === 0) throw new DockerError(400, "No exec command specified");
  if (!isRunning(container)) throw notRunning(daemon, container);
  refuseWhileRestarting(container);
  refuseWhilePaused(container, params["id"] ?? "");
  const exec: ExecRecord = {
    id: newHexId(),
    container_id: container.id,
    argv: wish.Cmd ?? [],
    env: wish.Env ?? [],
    user: wish.User ?? "",
    working_dir: wish.WorkingDir ?? "",
    hasTty: wish.Tty === true,
    attach: {
      stdin: wish.AttachStdin === true,
      stdout: wish.AttachStdout === true,
      stderr: wish.AttachStderr === true,
    },
    console_size: sizeOf(daemon, wish.ConsoleSize),
    state: "created",
    exit_code: null,
    pid: 0,
    process: null,
  };
  daemon.execs.set(exec.id, exec);
  container.exec_ids.push(exec.id);
  daemon.publishContainer(container, `exec_create: ${exec.argv.join(" ")}`, { execID: exec.id });
  return { status: 201, json: { Id: exec.id } };
}

/** `POST /exec/:id/start`: the connection becomes the command's input and output until it has ended. */
export async function startExec(call: Call): Promise<Reply> {
  const { daemon, params } = call;
  const exec = find(daemon, params["id"] ?? "");
  const { Detach, Tty, ConsoleSize } = await readJson(call, ExecStartBody);
  const container = daemon.container(exec.container_id);
  if (!isRunning(container)) throw noSuchExec(exec.id); // with the container's run its commands are forgotten
  refuseWhilePaused(container, container.id);
  exec.console_size = sizeOf(daemon, ConsoleSize) ?? exec.console_size;
  if (Detach) {
    runExec(daemon, container, exec, null);
    return { status: 200 };
  }
  const wasRun = exec.state !== "created";
  const connection = call.hijack({ "Content-Type": streamType(daemon, call.api_version, Tty === true) });
  const say = (text: string): void => connection.write(frame("stdout", Buffer.from(text), Tty === true));
  const process = wasRun
    ? null
    : runExec(daemon, container, exec, {
        output: (stream, bytes) => connection.write(frame(stream, bytes, Tty === true)),
        drained: connection.drained,
      });
  if (!process) {
    say(`${wasRun ? alreadyRun(daemon, exec) : notFound(daemon, exec)}\r\n`);
    connection.end();
    return undefined;
  }
  void typeIn(connection.input, () => process).then(() => {
    // A terminal's client that says no more has detached, and the command goes on without it.
    if (exec.hasTty) connection.end();
    else process.options.stdin?.end();
  });
  await process.exited;
  connection.end();
  return undefined;
}

export function inspectExec({ daemon, params }: Call): Reply {
  const exec = find(daemon, params["id"] ?? "");
  const [entrypoint = "", ...args] = exec.argv;
  const json = {
    ID: exec.id,
    Running: exec.state === "running",
    ExitCode: exec.exit_code,
    ProcessConfig: { tty: exec.hasTty, entrypoint, arguments: args, privileged: false },
    OpenStdin: exec.attach.stdin,
    OpenStderr: exec.attach.stderr,
    OpenStdout: exec.attach.stdout,
    CanRemove: false,
    ContainerID: exec.container_id,
    DetachKeys: "",
    Pid: exec.pid,
  };
  return { status: 200, json };
}

/** `POST /exec/:id/resize`. */
export function resizeExec({ daemon, params, query }: Call): Reply {
  const { process, pid } = find(daemon, params["id"] ?? "");
  const { isModern } = daemon.generation;
  if (process) {
    process.resize(Number(query.get("w")), Number(query.get("h")));
    return { status: 200 };
  }
  if (pid > 0) throw new DockerError(500, `cannot resize a stopped container${isModern ? "" : ": unknown"}`);
  throw isModern ? new DockerError(400, "exec process is not started") : new DockerError(404, "no such exec");
}

function sizeOf({ generation: { isModern } }: Daemon, size: [number, number] | null | undefined) {
  return isModern && size ? { rows: size[0], cols: size[1] } : null;
}

function refuseWhilePaused(container: ContainerRecord, idOrName: string): void {
  if (container.status !== "paused") return;
  throw new DockerError(409, `Container ${idOrName} is paused, unpause the container before exec`);
}

function find(daemon: Daemon, id: string): ExecRecord {
  const exec = daemon.execs.get(id);
  if (!exec) throw noSuchExec(id);
  return exec;
}

function noSuchExec(id: string): DockerError {
  return new DockerError(404, `No such exec instance: ${id}`);
}

function alreadyRun({ generation: { isModern } }: Daemon, exec: ExecRecord): string {
  return `${isModern ? "exec" : "Error: Exec"} command ${exec.id} has already run`;
}

function notFound({ generation: { isModern } }: Daemon, exec: ExecRecord): string {
  const reason = `${whyNotFound(exec.argv[0] ?? "")}${isModern ? "" : ": unknown"}`;
  return `OCI runtime exec failed: exec failed: unable to start container process: ${reason}`;
}
