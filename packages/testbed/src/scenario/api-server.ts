import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ensureFirstAdmin } from "@berth/api/auth/ensure-first-admin.ts";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { type BerthClient, createBerthClient } from "@berth/api/client.ts";
import { createDb } from "@berth/db/client.ts";

const MAIN = fileURLToPath(new URL("../../../../apps/server/src/main.ts", import.meta.url));
/** Of each server's first admin. */
export const ADMIN = { account: "test-admin", password: "test admin's password" };

export interface ApiServer {
  /** `http://<host>:<port>` */
  url: string;
  pid: number;
  /** Of its ssh gateway, on the same host; 0 where it has none. */
  ssh_port: number;
  secret_key: string;
  /** The first admin. */
  admin: BerthClient;
  /** Registers `account`, and signs in as it. */
  registerUser(account: string): Promise<BerthClient>;
  /** An access token of a program, for an account that was registered so at any server of this database. */
  signIn(account: string): Promise<string>;
  /** JSON lines that the server logged at `logLevel` or above. */
  log: readonly string[];
  /** Ends it as an admin would, and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Closes its stdin, as the end of its parent does, and resolves when it has ended. */
  abandon(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

export interface ApiServerOptions {
  /** Migrated. Where it has no user yet, an admin is made. */
  databaseUrl: string;
  /** The same for every server of one database. */
  secretKey?: string;
  logLevel?: "info" | "debug";
  /** Where it listens, for engines that are to reach it (default the loopback). */
  host?: string;
  /** As another one had it, whose place this one takes (default any free one). */
  port?: number;
  /** With its ssh gateway, on a free port. */
  ssh?: boolean;
  /** Options of Node's own, such as a module that is loaded first. */
  execArgv?: string[];
}

/** The real server, as a process of its own on a free port. It ends with this process, whatever ends that. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  await makeAdmin(options.databaseUrl);
  const secret_key = options.secretKey ?? randomBytes(32).toString("hex");
  const server = spawn(process.execPath, [...(options.execArgv ?? []), MAIN], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      DATABASE_URL: options.databaseUrl,
      BERTH_HOST: options.host ?? "127.0.0.1",
      BERTH_PORT: String(options.port ?? 0),
      BERTH_SSH_PORT: options.ssh ? "0" : "off",
      BERTH_SECRET_KEY: secret_key,
      BERTH_LOG_LEVEL: options.logLevel ?? "info",
      BERTH_SUPERVISED: "1",
    },
  });
  const log: string[] = [];
  const exited = once(server, "exit").then(([code]) => code as number | null);
  const url = await listeningUrl(server, log);
  const clientOf = (account: string, password: string) => createBerthClient({ url, account, password });
  const nobody = createBerthClient({ url });
  return {
    url,
    pid: server.pid ?? 0,
    ssh_port: options.ssh ? sshPortIn(log) : 0,
    secret_key,
    log,
    admin: clientOf(ADMIN.account, ADMIN.password),
    async registerUser(account) {
      const password = passwordOf(account);
      await nobody.auth.register.mutate({ account, password: hashAsClient(password) });
      return clientOf(account, password);
    },
    async signIn(account) {
      const password = hashAsClient(passwordOf(account));
      return (await nobody.auth.login.mutate({ account, password })).access_token;
    },
    stop() {
      server.kill("SIGTERM");
      return exited;
    },
    async abandon() {
      server.stdin.end();
      await exited;
    },
    async kill() {
      server.kill("SIGKILL");
      await exited;
    },
  };
}

/** The plain password of whom a test registered. */
export const passwordOf = (account: string): string => `${account}'s password`;

async function makeAdmin(databaseUrl: string): Promise<void> {
  const db = createDb(databaseUrl);
  try {
    await ensureFirstAdmin(db, ADMIN);
  } finally {
    await db.$disconnect();
  }
}

/** Where it says that it listens; throws with all that it said where it ends instead. */
function listeningUrl(server: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = (line: string): void => {
      log.push(line);
      const [url] = /http:\/\/\d+(\.\d+){3}:\d+/.exec(line) ?? [];
      if (url !== undefined && line.includes("listening")) resolve(url);
    };
    for (const stream of [server.stdout, server.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", read);
    }
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log.join("\n")}`)));
  });
}

/** It listens for ssh before it says that it listens for http. */
function sshPortIn(log: readonly string[]): number {
  const line = log.find((said) => said.includes("the ssh gateway is listening"));
  if (line === undefined) throw new Error("the server has no ssh gateway");
  return (JSON.parse(line) as { port: number }).port;
}
