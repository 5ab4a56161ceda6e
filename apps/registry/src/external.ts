import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "@berth/db/sql.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import type { Logger } from "pino";
import { askRegistry } from "./ask-registry.ts";
import { RUNS } from "./first-news.ts";
import { Recorder } from "./recorder.ts";

const LOOK_MS = 30_000;

export interface ExternalOptions {
  /** `host:port` as the machines reach it, and this host too. */
  address: string;
  sql: Sql;
  log: Logger;
  lookMs?: number;
}

/** The registry as `npm run registry` has it, whoever runs it. */
export interface KeptRegistry {
  /** What no manifest names is freed; not of a registry that others run. */
  collect(): void;
  recordAgain(): void;
  stop(): Promise<void>;
}

/** Tells the database how a registry is that others run: Berth looks at it every 30 seconds, and changes nothing of it. */
export function watchExternal({ address, sql, log, lookMs = LOOK_MS }: ExternalOptions): KeptRegistry {
  const stopping = new AbortController();
  const { signal } = stopping;
  const recorder = new Recorder(sql, (error) =>
    log.debug({ err: error }, "the registry's state could not be recorded"),
  );
  let told: string | null = null;
  const look = async (): Promise<void> => {
    const record = await examine(address, signal);
    if (signal.aborted || JSON.stringify(record) === told) return;
    told = JSON.stringify(record);
    recorder.set(record);
    if (record.state === "running") log.info({ address, url: record.url }, RUNS);
    else log.warn(record.message);
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await look();
      await delay(lookMs, undefined, { signal }).catch(() => {}); // the loop looks at the signal
    }
  };
  const running = run();
  return {
    collect: () => log.info("garbage is not collected of a registry that others run"),
    recordAgain: () => recorder.again(),
    async stop() {
      stopping.abort();
      await running;
      await recorder.stop(0);
    },
  };
}

async function examine(address: string, signal: AbortSignal): Promise<RegistryRecord> {
  const failures: string[] = [];
  for (const scheme of ["https", "http"]) {
    const url = `${scheme}://${address}`;
    const failure = await askRegistry({ url, signal }).then(
      () => null,
      (error: Error) => `${scheme}: ${error.message}`,
    );
    if (failure === null) return { kind: "external", state: "running", address, url, ca: null, message: "" };
    failures.push(failure);
  }
  const message = `The registry at ${address} (BERTH_REGISTRY) can't be used: ${failures.join("; ")}.`;
  return { kind: "external", state: "missing", address, url: `https://${address}`, ca: null, message };
}
