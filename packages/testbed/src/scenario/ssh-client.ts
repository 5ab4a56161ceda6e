import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface SshOutcome {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

export interface SshRun {
  /** `<container>.<account>`, or as the host knows its users. */
  user: string;
  port: number;
  host?: string;
  /** What ssh is to do: its options, and the command. */
  args?: string[];
  options?: string[];
  input?: string | Buffer;
}

/** OpenSSH's own clients, with a key of their own. */
export class SshClient {
  readonly folder: string;
  /** A line of authorized_keys. */
  readonly public_key: string;

  private constructor(folder: string, publicKey: string) {
    this.folder = folder;
    this.public_key = publicKey;
  }

  static async open(type = "ed25519"): Promise<SshClient> {
    const folder = await mkdtemp(join(tmpdir(), "berth-ssh-"));
    await promisify(execFile)("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "a test", "-f", join(folder, "key")]);
    return new SshClient(folder, (await readFile(join(folder, "key.pub"), "utf8")).trim());
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  /** Options that `ssh`, `scp` and `sftp` share. */
  options(port: number): string[] {
    const settings = [
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      `IdentityFile=${join(this.folder, "key")}`,
      `UserKnownHostsFile=${join(this.folder, "known_hosts")}`,
      "StrictHostKeyChecking=accept-new",
      `Port=${port}`,
      "LogLevel=ERROR",
    ];
    return ["-F", "none", ...settings.flatMap((setting) => ["-o", setting])];
  }

  ssh({ user, port, host = "127.0.0.1", args = [], options = [], input = "" }: SshRun): Promise<SshOutcome> {
    return run("ssh", [...this.options(port), ...options, `${user}@${host}`, ...args], input);
  }

  /** Not waited for; whoever starts it ends it. */
  spawn({ user, port, host = "127.0.0.1", args = [], options = [] }: SshRun): ReturnType<typeof spawn> {
    return spawn("ssh", [...this.options(port), ...options, `${user}@${host}`, ...args]);
  }

  scp(port: number, ...args: string[]): Promise<SshOutcome> {
    return run("scp", [...this.options(port), ...args], "");
  }

  /** `batch` is what one would type. */
  sftp(port: number, target: string, batch: string): Promise<SshOutcome> {
    return run("sftp", [...this.options(port), "-b", "-", target], batch);
  }
}

function run(command: string, args: string[], input: string | Buffer): Promise<SshOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.once("error", reject);
    child.stdin.on("error", () => {}); // one that has ended takes no more
    child.stdin.end(input);
    child.once("close", (code) => {
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}
