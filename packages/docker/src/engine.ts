import type { Duplex, Readable, Writable } from "node:stream";

/**
 * What Berth uses of one Docker engine, and nothing more.
 *
 * Every call settles: it answers, or throws an {@link EngineError}, no later than its deadline. A deadline or a lost
 * connection during a call that changes something means *unknown*, never *failed*: the engine goes on working for a
 * client that has gone (create, start and commit were all seen to finish). Look again before acting.
 *
 * Ids are validated before they reach a path (`^[a-f0-9]{12,64}$`), names by Docker's own pattern.
 */
export interface Engine {
  /** Negotiates the API version, and says what answered. Repeat after a reconnect: engines are upgraded in place. */
  ping(options?: CallOptions): Promise<EngineVersion>;
  /** Facts of `GET /info`. Takes locks in the engine: not for the steady state. */
  info(options?: CallOptions): Promise<EngineInfo>;

  /**
   * All containers, running or not, that carry every one of `labels`. A lock-free snapshot in the engine (moby
   * daemon/list.go), so it answers while others hang. Throws `protocol` for a body that was cut or is not a list.
   */
  listContainers(filter: ContainerFilter, options?: CallOptions): Promise<ListedContainer[]>;
  /** Takes the container's lock in the engine, so it can hang behind a start. `not_found` where there is none. */
  inspectContainer(idOrName: string, options?: CallOptions): Promise<InspectedContainer>;
  /** The name is the mutex: `conflict` where it is taken, `not_found` where the image is not on the engine. */
  createContainer(name: string, body: CreateContainerBody, options?: CallOptions): Promise<{ id: string }>;
  /** Already running is success. */
  startContainer(id: string, options?: CallOptions): Promise<void>;
  /** SIGTERM, and SIGKILL after `timeoutS`. Already stopped is success. Deadline: `timeoutS` + 15 s. */
  stopContainer(id: string, timeoutS: number, options?: CallOptions): Promise<void>;
  /** Never forces, never removes volumes. `conflict` while it runs or is being removed. */
  removeContainer(id: string, options?: CallOptions): Promise<void>;
  /** Also to the name that it has already. */
  renameContainer(id: string, name: string, options?: CallOptions): Promise<void>;
  /** Changes limits in place. memory and memory-swap always go together. */
  updateContainer(id: string, limits: ContainerLimits, options?: CallOptions): Promise<void>;
  unpauseContainer(id: string, options?: CallOptions): Promise<void>;
  /** Commits the container's file system as `repository:tag`, with the labels in `changes` replaced. */
  commitContainer(id: string, commit: CommitRequest, options?: CallOptions): Promise<{ image_id: string }>;

  /**
   * Every image that has a name, or on which none stands: what builds leave between their steps is left out. An image of
   * an older pull of the same tag is listed without tags.
   */
  listImages(options?: CallOptions): Promise<ListedImage[]>;
  /** `not_found` where the engine does not hold it. */
  inspectImage(reference: string, options?: CallOptions): Promise<InspectedImage>;
  /**
   * Pulls by tag or digest; resolves only after the stream ended well *and* the image is there. There is no total
   * limit: it is aborted after `stallTimeoutMs` (default 2 min) in which nothing moved.
   */
  pullImage(reference: string, options?: PullOptions): Promise<InspectedImage>;
  /** Never forces. `conflict` where a container or a child image needs it. */
  removeImage(reference: string, options?: CallOptions): Promise<void>;
  /**
   * Gives the image `target` (`repository:tag`) as one more name, and takes that name from the image that had it.
   * `not_found` where the engine does not hold `reference`.
   */
  tagImage(reference: string, target: string, options?: CallOptions): Promise<void>;
  /**
   * Pushes `reference` (`repository:tag`) to the registry that its name begins with; resolves only after the engine has
   * told the digest under which the registry took it. No total limit, as of a pull. `not_found` where the engine does
   * not hold it, `rejected` where the registry refuses the credentials or has none, `failed` where the engine can't reach
   * the registry or that breaks. A cancelled or lost push may still arrive: look at the registry.
   */
  pushImage(reference: string, options?: PushOptions): Promise<PushedImage>;
  /**
   * Builds with the classic builder (no BuildKit syntax, no cache mounts), and resolves with the image's id once the engine
   * holds it. `context` is a tar file, plain or gzipped, read no faster than the engine takes it; null where `remote`
   * names a git repository instead. `failed` where a step fails, with Docker's message; `rejected` where the engine
   * refuses the build as such. An abort ends the build in the engine. The default deadline is an hour in all.
   */
  buildImage(
    context: AsyncIterable<Uint8Array> | null,
    request: BuildRequest,
    options?: BuildOptions,
  ): Promise<{ image_id: string }>;
  /**
   * Makes an image of one layer of a tar file, plain or gzipped, which is read no faster than the engine takes it. It gets
   * its name once all of it is there, and that is taken from the image that had it. There is no total limit, as of a pull.
   * Whoever repeats it gets another image of the same content.
   */
  importImage(
    tar: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    options?: ImportOptions,
  ): Promise<{ image_id: string }>;
  /**
   * Asks the registry through the engine whether it has the image: so whether *this machine* reaches it. `rejected`
   * where the registry refuses the credentials, `failed` with Docker's message where it can't be reached.
   */
  checkRegistry(reference: string, options?: RegistryCallOptions): Promise<"found" | "not_found">;

  /**
   * Makes a directory in another one of the machine's, mode 0700 and of the user whom containers there know as root. By way
   * of a container that is never started, and is gone afterwards. `rejected` where `parent` is not there, `not_found` where
   * the image is not on the engine. One that is there already is given that owner and mode: look before.
   */
  makeDirectory(request: DirectoryRequest, options?: CallOptions): Promise<void>;

  /** `not_found` where there is none. */
  inspectVolume(name: string, options?: CallOptions): Promise<InspectedVolume>;
  /** Answers the volume that is there when the name is taken, with *its* labels. */
  createVolume(name: string, labels: Record<string, string>, options?: CallOptions): Promise<InspectedVolume>;

  /**
   * The engine's events, as hints: any may be missing, doubled or out of order. Ends by throwing, whatever the cause;
   * yields nothing after `signal` aborts. `connected` is called once the engine has answered, so that a list made
   * after it misses nothing.
   */
  events(options: EventOptions): AsyncIterable<EngineEvent>;
  /**
   * Log output, demultiplexed (a TTY's log is not framed, and arrives as stdout). Back-pressure reaches the engine.
   * `connected` is called once the engine has answered, which tells a log in which nothing is printed from one that
   * can't be read.
   */
  logs(id: string, options: LogOptions): AsyncIterable<LogChunk>;
  /** One reading, without the second that a first reading takes. */
  stats(id: string, options?: CallOptions): Promise<ContainerStats>;
  /**
   * Starts a command on a terminal of its own. It outlives the connection (moby never hangs an exec up): whoever opened
   * it must see to its end, after a failure with `sent` too. `conflict` where the container does not run, `rejected`
   * where the command can't be started. The deadline (default 30 s) is the opening's, the signal also ends the stream.
   */
  openTerminal(id: string, request: TerminalRequest, options?: CallOptions): Promise<EngineTerminal>;
  /** Runs a command to its end. Output past `maxOutputBytes` (default 1 MiB) is cut, and the call says so. */
  exec(id: string, command: string[], options?: ExecOptions): Promise<ExecResult>;
  /**
   * A file of the container, running or not, as a tar of one entry; a folder with all that is in it. A link is not
   * followed. `not_found` where the container or the path is not there, `protocol` past `maxBytes` (default 4 MiB).
   */
  getArchive(id: string, path: string, options?: ArchiveOptions): Promise<Uint8Array>;
  /**
   * Unpacks a tar below a folder of the container, running or not, with the owners and modes that stand in it; what is
   * there under the same name is replaced. `not_found` where the container or the folder is not there.
   */
  putArchive(id: string, folder: string, tar: Uint8Array, options?: CallOptions): Promise<void>;

  /**
   * Starts a command without a terminal, as streams. It outlives the connection, but reads the end of its input when that
   * goes. `conflict` where the container does not run or is paused. One that can't be started is no error: it says why on
   * `stdout`, and its exit code is 126 or 127. The deadline (default 30 s) is the opening's, the signal also ends the
   * streams.
   */
  openCommand(id: string, request: CommandRequest, options?: CallOptions): Promise<EngineCommand>;

  /** Ends every open request and connection. Later calls throw `closed`. */
  close(): void;
}

export interface CallOptions {
  /** Instead of the call's default: ping 5 s, list 10 s, create 30 s, start 60 s, remove 60 s, others 30 s. */
  deadlineMs?: number;
  signal?: AbortSignal;
}

export type EngineErrorKind =
  /** The engine says that there is no such container, image or volume (404). */
  | "not_found"
  /** A name that is taken, a removal under way, an image in use (409). */
  | "conflict"
  /** The engine refuses the request as it is; repeating it changes nothing (400, 403, 501 and TLS refusals). */
  | "rejected"
  /** The engine failed (5xx), or an error came in a stream. */
  | "failed"
  /** Nothing is known about the outcome: a deadline, a lost or refused connection. `sent` says if a request went out. */
  | "unreachable"
  /** An answer that is not Docker's: a redirect, HTML, a cut or oversized body. */
  | "protocol"
  /** Too old or too new for Berth. */
  | "unsupported"
  /** `close()` was called, or the caller's signal aborted. */
  | "closed";

/** The one error that an {@link Engine} throws. `message` is fit for a person; it never holds a secret or a path of this host. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: EngineErrorKind;
  /** The HTTP status, where there was one. */
  readonly status: number | null;
  /** False where no byte of the request can have reached the engine: nothing happened there. */
  readonly sent: boolean;
  /** True where a deadline passed: the breaker counts these. */
  readonly timedOut: boolean;

  constructor(
    kind: EngineErrorKind,
    message: string,
    details: { status?: number | null; sent?: boolean; timedOut?: boolean; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.status = details.status ?? null;
    this.sent = details.sent ?? true;
    this.timedOut = details.timedOut ?? false;
  }
}

export interface EngineVersion {
  /** The version that this connection uses from now on: the lower of the engine's newest and ours, as "1.41". */
  api_version: string;
  /** The newest that the engine speaks. */
  engine_api_version: string;
}

export interface EngineInfo {
  /** Not an identity: cloned disks and shared /etc/docker give several engines one id. */
  engine_id: string;
  name: string;
  version: string;
  /** What this connection speaks with it. */
  api_version: string | null;
  ncpu: number;
  memory_bytes: number;
  root_dir: string;
  storage_driver: string;
  /** True for the containerd image store. */
  containerd_store: boolean;
  default_runtime: string;
  runtimes: string[];
  /** The daemon's own labels, `key=value` parsed. */
  labels: Record<string, string>;
  /** RFC 3339, by the engine's clock. */
  system_time: string | null;
}

export interface ContainerFilter {
  labels: Record<string, string>;
  /** Exact name, without the slash. */
  name?: string;
}

export type EngineContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** What a container's health check says. */
export type ContainerHealth = "starting" | "healthy" | "unhealthy";

export interface ListedContainer {
  id: string;
  /** Without the leading slash; the first that is not a link's. */
  name: string;
  image: string;
  image_id: string;
  state: EngineContainerState;
  /** "Up 2 hours", "Exited (137) 3 minutes ago". */
  status: string;
  /** From `status`, where it says one. */
  exit_code: number | null;
  /** From `status`; null while it does not run, and without a health check. */
  health: ContainerHealth | null;
  labels: Record<string, string>;
  ports: { container_port: number; host_port: number | null; protocol: "tcp" | "udp" | "sctp" }[];
  /** Seconds since 1970, by the engine's clock. */
  created_at_s: number;
}

export interface InspectedContainer {
  id: string;
  name: string;
  state: EngineContainerState;
  exit_code: number;
  oom_killed: boolean;
  error: string;
  started_at: string | null;
  finished_at: string | null;
  /** How often the engine's own restart policy has restarted it. */
  restart_count: number;
  image_id: string;
  labels: Record<string, string>;
  tty: boolean;
  memory_bytes: number;
  nano_cpus: number;
  health: ContainerHealth | null;
  /** The image as it was named at the creation. */
  image_reference: string;
  /** `name` is a volume's; an anonymous one has a name of 64 hex digits. */
  mounts: { type: string; destination: string; name: string | null; read_only: boolean }[];
  /** `NAME=value`, the image's included. */
  env: string[];
  /** What of GPUs was asked for at its creation: these, or the first `count` of them, or all where that is -1. */
  gpu_requests: { ids: string[]; count: number }[];
  /** "runc", "nvidia". */
  runtime: string;
}

/** The body of `POST /containers/create` as far as Berth sends it (Docker's own names). */
export interface CreateContainerBody {
  Image: string;
  Cmd?: string[];
  Entrypoint?: string[];
  Env?: string[];
  Hostname?: string;
  WorkingDir?: string;
  Labels: Record<string, string>;
  Tty: boolean;
  OpenStdin: boolean;
  ExposedPorts?: Record<string, Record<string, never>>;
  StopTimeout?: number;
  HostConfig: {
    Init: boolean;
    RestartPolicy: { Name: "no" | "on-failure" | "unless-stopped"; MaximumRetryCount?: number };
    LogConfig: { Type: "json-file"; Config: Record<string, string> };
    ShmSize?: number;
    Memory?: number;
    MemorySwap?: number;
    NanoCpus?: number;
    PortBindings?: Record<string, { HostIp?: string; HostPort: string }[]>;
    /** A count instead of ids (-1 is all of them) is for Berth's own containers. */
    DeviceRequests?: { Driver: string; Count?: number; DeviceIDs?: string[]; Capabilities: string[][] }[];
    NetworkMode?: string;
    /** "host" shows the machine's processes: to Berth's own containers, never to a user's. */
    PidMode?: "host";
    AutoRemove?: boolean;
    PidsLimit?: number;
    ReadonlyRootfs?: boolean;
    CapDrop?: string[];
    SecurityOpt?: string[];
    /** A bind gives a folder of the host, which must be there: to a user's container only one that an admin offers. */
    Mounts?: EngineMount[];
  };
}

export interface EngineMount {
  Type: "volume" | "tmpfs" | "bind";
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  /** Without what is mounted further down in it. */
  BindOptions?: { NonRecursive: boolean };
  /** An empty volume otherwise takes over what the image has there. */
  VolumeOptions?: { NoCopy: boolean };
}

export interface ContainerLimits {
  /** 0 is no limit. Memory plus swap is set to the same figure: no swap. */
  memory_bytes: number;
  /** Billionths of a core; 0 is no limit. */
  nano_cpus: number;
}

export interface CommitRequest {
  repository: string;
  tag: string;
  comment?: string;
  /** The committed image's labels; a commit otherwise copies the container's, ownership labels included. */
  labels: Record<string, string>;
  /** Docker pauses a running container while it commits (default true). */
  pause?: boolean;
}

export interface InspectedImage {
  id: string;
  tags: string[];
  /** `repository@sha256:…` */
  digests: string[];
  size_bytes: number;
  created_at: string | null;
  labels: Record<string, string>;
  os: string;
  architecture: string;
  /** Paths that become volumes in its containers: no commit takes what lies there. */
  volumes: string[];
  /** `NAME=value` */
  env: string[];
  /** Diff ids (`sha256:…` of the unpacked layers), lowest first. */
  layers: string[];
  /** "22/tcp" */
  exposed_ports: string[];
}

export interface ListedImage {
  id: string;
  /** `repository:tag` */
  tags: string[];
  /** `repository@sha256:…`; in the containerd store also of what no registry has ever seen. */
  digests: string[];
  /**
   * All its layers, those that other images share included. In the containerd store packed and unpacked together, where an
   * inspection counts them packed only.
   */
  size_bytes: number;
  /** Seconds since 1970, as the image says. */
  created_at_s: number;
  labels: Record<string, string>;
  /** Only what was built or committed on this engine has one. */
  parent_id: string | null;
}

export interface RegistryCallOptions extends CallOptions {
  /** A registry token (distribution's token specification), or nothing for an open registry. */
  registryToken?: string;
}

export interface PushOptions extends RegistryCallOptions {
  /** Default 2 min. */
  stallTimeoutMs?: number;
  /** At most four times a second; neither figure ever falls. Of layers that are to be sent: one that is there counts nothing. */
  onProgress?: (progress: { current_bytes: number; total_bytes: number }) => void;
}

export interface PushedImage {
  /** Of the manifest: `sha256:…` */
  digest: string;
  /** Of the manifest alone. */
  size_bytes: number;
}

export interface BuildRequest {
  /** `repository:tag` */
  tag: string;
  /** Path in the context, or in the repository. */
  dockerfile: string;
  /** A git URL (`https://host/repository.git#branch:folder`) instead of a context; the engine clones it. */
  remote?: string;
  build_args: Record<string, string>;
  labels: Record<string, string>;
  /** Of each step's container, swap included. */
  memory_bytes?: number;
}

export interface BuildOptions extends CallOptions {
  /** What the build prints, as it comes; called synchronously, and nothing of it is kept. */
  onOutput?: (text: string) => void;
  /** How long a build may print nothing (default: no limit but the deadline). */
  stallTimeoutMs?: number;
  /** By registry (`HOST[:PORT]`), for images that the Dockerfile starts from. */
  registryTokens?: Record<string, string>;
}

export interface ImportRequest {
  /** `repository:tag` */
  tag: string;
  /** Lines of a Dockerfile: `CMD […]`, `ENV A=b`, `LABEL a=b`. */
  changes: string[];
  comment?: string;
}

export interface ImportOptions extends CallOptions {
  /** Default 2 min. */
  stallTimeoutMs?: number;
}

export interface PullOptions extends RegistryCallOptions {
  stallTimeoutMs?: number;
  /** At most four times a second. Bytes of what is downloading now; `total` grows as layers become known. */
  onProgress?: (progress: { current_bytes: number; total_bytes: number }) => void;
}

export interface DirectoryRequest {
  /** An absolute path on the machine. */
  parent: string;
  /** Of the new one, without a slash. */
  name: string;
  /** Any that the engine holds: nothing of it is run. */
  image: string;
  /** Of the container; what bears it with the same labels is what an earlier request has left there. */
  container: string;
  labels: Record<string, string>;
}

export interface InspectedVolume {
  name: string;
  labels: Record<string, string>;
}

export interface EventOptions {
  labels: Record<string, string>;
  /** Replays what the engine still remembers (the last 256 of all kinds) since then; engine's clock, seconds. */
  sinceS?: number;
  signal: AbortSignal;
  connected?: () => void;
}

export interface EngineEvent {
  /** "container", "image", "volume", "daemon", … */
  type: string;
  /** "start", "die", "kill", "destroy", "exec_create: sh", … */
  action: string;
  /** The container's or image's id. */
  actor_id: string;
  /** Labels, and what the action adds: name, exitCode, signal. */
  attributes: Record<string, string>;
  /** By the engine's clock. */
  time_ns: bigint;
}

export interface LogOptions {
  follow: boolean;
  /** Lines from the end; all where absent. */
  tail?: number;
  sinceS?: number;
  timestamps?: boolean;
  signal: AbortSignal;
  connected?: () => void;
}

export interface LogChunk {
  stream: "stdout" | "stderr";
  data: Uint8Array;
}

export interface ContainerStats {
  /** Cores in use, averaged since the previous reading of the engine; null at the first. */
  cpu_cores: number | null;
  memory_bytes: number;
  memory_limit_bytes: number;
  pids: number;
}

export interface ExecOptions extends CallOptions {
  env?: string[];
  user?: string;
  working_dir?: string;
  maxOutputBytes?: number;
}

export interface ArchiveOptions extends CallOptions {
  maxBytes?: number;
}

export interface ExecResult {
  exit_code: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
  truncated: boolean;
}

export interface TerminalRequest {
  command: string[];
  env?: string[];
  user?: string;
  working_dir?: string;
  cols: number;
  rows: number;
}

export interface EngineTerminal {
  /**
   * What the command prints, and what is typed to it, in bytes. Back-pressure reaches the engine in both directions. Its
   * readable side ends when the command has ended; it is destroyed with an EngineError where the connection was lost.
   * Ending the writable side tells the command nothing (a terminal's end of input is a byte, Ctrl-D).
   */
  stream: Duplex;
  /** Nothing happens where the command has ended. */
  resize(cols: number, rows: number): Promise<void>;
  /** Null while it runs. `not_found` where the engine has forgotten the command: its container is gone or ran anew. */
  exitCode(options?: CallOptions): Promise<number | null>;
}

export interface CommandRequest {
  command: string[];
  env?: string[];
  user?: string;
  working_dir?: string;
}

/**
 * A command whose input and output flow here, in bytes. Back-pressure reaches the command in both directions: its output
 * stops while either of `stdout` and `stderr` is full, so read both (`resume()` one that is not wanted). Where the
 * connection is lost, or the signal aborts, all three are destroyed with an EngineError; nobody need listen for it.
 */
export interface EngineCommand {
  /** 64 hex digits, the engine's. */
  exec_id: string;
  /** `end()` gives the command the end of its input; its output goes on. What is written after its end is lost. */
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /**
   * Resolves when the command has ended and its output has been read; null where the engine has forgotten it with its
   * container. Throws what destroyed the streams.
   */
  wait(): Promise<{ exit_code: number | null }>;
  /** Gives up the connection. The command reads the end of its input, and what it prints then is lost. */
  close(): void;
}

/** How to reach an engine. `path` of a unix socket, or host and port; plain TCP only where it was allowed for this machine. */
export type EngineAddress =
  | { kind: "unix"; path: string }
  | { kind: "tls"; host: string; port: number; tls: { ca: string; cert: string; key: string } }
  | { kind: "plain"; host: string; port: number }
  | {
      kind: "ssh";
      host: string;
      port: number;
      user: string;
      /** Of Docker, on that server. */
      socket_path: string;
      /** In OpenSSH's form. */
      private_key: string;
      /** `SHA256:…` that the server must show; null at the first meeting, when whatever it shows is told to `onHostKey`. */
      host_key: string | null;
      onHostKey?: (fingerprint: string) => void;
    };
