import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { EngineTls } from "@berth/spec/machine.ts";
import type { Order, Told } from "./fleet-process.ts";

const PROCESS = fileURLToPath(new URL("./fleet-process.ts", import.meta.url));
export const IMAGE = "busybox:latest";
/** How long each call takes a real engine; the work of the simulation comes on top. */
export const TIMINGS = "docker_28";
/** A hundred thousand containers are some gigabytes. */
const HEAP = "--max-old-space-size=12000";

/** Simulated engines in a process of their own, reached over mutual TLS. */
export interface Engines {
  pid: number;
  urls: string[];
  tls: EngineTls;
  /** What Berth runs there, and how many of those are one too many for their uid. */
  count(): Promise<{ running: number; duplicates: number }>;
  /** Drops every container without a trace. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startEngines(count: number): Promise<Engines> {
  const child = fork(PROCESS, [String(count)], { execArgv: [HEAP] });
  const { urls, tls } = await hear(child, "engines");
  const ask = async <Word extends Told["told"]>(order: Order, word: Word): Promise<Extract<Told, { told: Word }>> => {
    child.send(order);
    return hear(child, word);
  };
  return {
    pid: child.pid ?? 0,
    urls,
    tls,
    count: () => ask("count", "count"),
    clear: async () => void (await ask("clear", "cleared")),
    async close() {
      if (child.connected) child.disconnect();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
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
