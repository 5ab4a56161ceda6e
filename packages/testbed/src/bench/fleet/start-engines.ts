import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  issueClientCertificate,
  issueServerCertificate,
  type KeyAndCertificate,
  makeAuthority,
} from "@berth/docker/certificates/authority.ts";
import type { EngineTls } from "@berth/spec/machine.ts";
import type { Order, Told } from "./fleet-process.ts";

const PROCESS = fileURLToPath(new URL("./fleet-process.ts", import.meta.url));
export const IMAGE = "busybox:latest";
/** How long each call takes a real engine; the work of the simulation comes on top. */
export const TIMINGS = "docker_28";
/** A hundred thousand containers are some gigabytes. */
const HEAP = "--max-old-space-size=12000";

/** A process may have twenty thousand files open at the most in many places, and each engine takes four. */
const ENGINES_EACH = 2_500;

/** Simulated engines in processes of their own, reached over mutual TLS. */
export interface Engines {
  /** Of the processes. */
  pids: number[];
  urls: string[];
  tls: EngineTls;
  /** What Berth runs there, and how many of those are one too many for their uid. */
  count(): Promise<{ running: number; duplicates: number }>;
  /** Drops every container without a trace. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startEngines(count: number): Promise<Engines> {
  const authority = await makeAuthority("Berth's benchmark");
  const withAuthority = ({ key, certificate }: KeyAndCertificate): EngineTls => {
    return { ca: authority.certificate, cert: certificate, key };
  };
  const server = withAuthority(await issueServerCertificate(authority, { hosts: ["127.0.0.1"], days: 1 }));
  const client = withAuthority(await issueClientCertificate(authority, { name: "berth", days: 1 }));
  const parts = Array.from({ length: Math.ceil(count / ENGINES_EACH) }, (_, part) => {
    const first = part * ENGINES_EACH + 1;
    return startPart({ order: "start", first, last: Math.min(count, first + ENGINES_EACH - 1), tls: server });
  });
  const started = await Promise.all(parts);
  return {
    pids: started.map(({ child }) => child.pid ?? 0),
    urls: started.flatMap(({ urls }) => urls),
    tls: client,
    async count() {
      const counts = await Promise.all(started.map(({ child }) => ask(child, { order: "count" }, "count")));
      const sum = (of: "running" | "duplicates"): number => counts.reduce((all, told) => all + told[of], 0);
      return { running: sum("running"), duplicates: sum("duplicates") };
    },
    clear: async () => void (await Promise.all(started.map(({ child }) => ask(child, { order: "clear" }, "cleared")))),
    close: async () => void (await Promise.all(started.map(({ child }) => end(child)))),
  };
}

async function startPart(order: Extract<Order, { order: "start" }>): Promise<{ child: ChildProcess; urls: string[] }> {
  const child = fork(PROCESS, { execArgv: [HEAP] });
  const { urls } = await ask(child, order, "engines");
  return { child, urls };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect();
  if (child.exitCode === null) await once(child, "exit");
}

function ask<Word extends Told["told"]>(
  child: ChildProcess,
  order: Order,
  word: Word,
): Promise<Extract<Told, { told: Word }>> {
  child.send(order);
  return hear(child, word);
}

/** The next word, which must be this one. Rejects where the process ends instead. */
async function hear<Word extends Told["told"]>(
  child: ChildProcess,
  word: Word,
): Promise<Extract<Told, { told: Word }>> {
  const ended = new AbortController();
  const end = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`the simulated fleet ended with ${String(code)}`);
  });
  end.catch(() => undefined);
  try {
    const [told] = (await Promise.race([once(child, "message"), end])) as [Told];
    if (told.told !== word) throw new Error(`the fleet said ${told.told} instead of ${word}`);
    return told as Extract<Told, { told: Word }>;
  } finally {
    ended.abort();
  }
}
