import { setTimeout as delay } from "node:timers/promises";
import { COLLECTING_MESSAGE } from "@berth/db/registry/push-fence.ts";
import type { Sql } from "@berth/db/sql.ts";
import { isLoopback } from "@berth/spec/loopback.ts";
import type { RegistryRecord, RegistryState } from "@berth/spec/registry.ts";
import type { Logger } from "pino";
import { splitAddress } from "./addresses.ts";
import { askRegistry } from "./ask-registry.ts";
import { prepareCertificate } from "./certificate.ts";
import { CollectionWindow } from "./collection-window.ts";
import { type CertificateFiles, writeConfig } from "./config.ts";
import { RUNS } from "./first-news.ts";
import { endLeftovers } from "./leftovers.ts";
import { Recorder } from "./recorder.ts";
import type { RegistryRunner, RunningRegistry } from "./runner.ts";
import type { RegistrySecrets } from "./secrets.ts";
import type { RegistrySettings } from "./settings.ts";

export interface KeeperOptions {
  settings: RegistrySettings;
  secrets: RegistrySecrets;
  sql: Sql;
  /** Asked again before every start: what is missing may have been installed. */
  findRunner: () => Promise<RegistryRunner | null>;
  log: Logger;
  times?: Partial<KeeperTimes>;
}

export interface KeeperTimes {
  firstBackoffMs: number;
  longestBackoffMs: number;
  /** A registry that ran this long has recovered: the next delay is the first again. */
  healthyMs: number;
  /** How often it is looked whether a registry is there where none was. */
  missingMs: number;
  /** How long a registry may take until it answers. */
  startMs: number;
  /** How often it is asked whether it still answers; three misses in a row end it. */
  pulseMs: number;
  /** How long a collection waits for pushes that go on. */
  pushesMs: number;
}

const TIMES: KeeperTimes = {
  firstBackoffMs: 500,
  longestBackoffMs: 30_000,
  healthyMs: 60_000,
  missingMs: 10_000,
  startMs: 15_000,
  pulseMs: 10_000,
  pushesMs: 600_000,
};
const MISSES = 3;
const STOP_RECORD_MS = 2_000;

export const MISSING_MESSAGE =
  "There is no registry on this host: install one (apt install docker-registry), or fetch its image (docker pull registry:3). " +
  "Berth then finds it by itself.";

/** Why a run ended, for people; null where it is to be started again at once. */
type Ending = string | null;

/**
 * Runs the registry until `stop`: starts it again when it ends or does not answer, tells the database how it is, and
 * collects garbage when it is asked to. Whatever an earlier keeper left behind, processes or an open window, ends first.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #times: KeeperTimes;
  readonly #recorder: Recorder;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #collectionWish = Promise.withResolvers<void>();
  #said = "";

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    this.#recorder = new Recorder(options.sql, (error) => {
      options.log.debug({ err: error }, "the registry's state could not be recorded; soon again");
    });
    this.#ended = this.#run();
  }

  /** Frees what no manifest names any more, as soon as the registry runs. Wishes that wait are one. */
  collect(): void {
    this.#collectionWish.resolve();
  }

  /** The database was away, or is another one. */
  recordAgain(): void {
    this.#recorder.again();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    this.#record("starting", "The registry was stopped; it starts with Berth.");
    await this.#recorder.stop(STOP_RECORD_MS);
  }

  async #run(): Promise<void> {
    const { firstBackoffMs, longestBackoffMs, healthyMs } = this.#times;
    let backoffMs = firstBackoffMs;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const ending = await this.#runOnce().catch((error: Error) => `can't be started: ${error.message}`);
      if (this.#stopping.signal.aborted) return;
      if (ending === null) continue;
      if (performance.now() - startedAt >= healthyMs) backoffMs = firstBackoffMs;
      this.#record("starting", `The registry ${ending}`);
      this.#warn(`the registry ${ending}: starting it again`);
      await this.#sleep(backoffMs);
      backoffMs = Math.min(backoffMs * 2, longestBackoffMs);
    }
  }

  async #runOnce(): Promise<Ending> {
    const { settings, findRunner, log } = this.#options;
    await endLeftovers(settings.folder);
    const runner = await findRunner();
    const obstacle = runner ? await runner.findObstacle() : MISSING_MESSAGE;
    if (!runner || obstacle !== null) {
      this.#record("missing", obstacle ?? MISSING_MESSAGE);
      this.#warn(obstacle ?? MISSING_MESSAGE);
      await this.#sleep(this.#times.missingMs);
      return null;
    }
    this.#record("starting", "The registry is being started.", runner.kind);
    await writeConfig(settings, this.#options.secrets, await this.#prepareCertificate());
    const running = await runner.start("writable");
    try {
      if (!(await this.#answersInTime(running))) {
        running.kill();
        return `did not begin to answer; it ended ${await running.ended}`;
      }
      this.#record("running", "", runner.kind, await this.#findUrl());
      this.#said = "";
      log.info({ address: settings.publicAddress }, RUNS);
      return await this.#watch(runner, running);
    } finally {
      await running.stop();
    }
  }

  /** Until it ends, does not answer, or was ended for a collection. */
  async #watch(runner: RegistryRunner, running: RunningRegistry): Promise<Ending> {
    const watching = new AbortController();
    const signal = AbortSignal.any([watching.signal, this.#stopping.signal]);
    const ended = running.ended.then((how) => `ended ${how}`);
    const silent = this.#waitForSilence(signal).then(() => "does not answer");
    const stopped = this.#untilStopped().then(() => null);
    try {
      for (;;) {
        const wish = this.#collectionWish.promise.then(() => "collect" as const);
        const event = await Promise.race([stopped, ended, silent, wish]);
        if (event !== "collect") {
          if (event === "does not answer") running.kill();
          return event;
        }
        this.#collectionWish = Promise.withResolvers();
        if ((await this.#collect(runner, running)) === "ended it") return null;
      }
    } finally {
      watching.abort();
    }
  }

  async #collect(runner: RegistryRunner, running: RunningRegistry): Promise<"ended it" | "left it running"> {
    const { settings, sql, log } = this.#options;
    const window = new CollectionWindow({
      folder: settings.folder,
      sql,
      log,
      signal: this.#stopping.signal,
      pushesMs: this.#times.pushesMs,
    });
    // Nothing else may be written into the window: neither what waits to be written, nor what is written again.
    const { isWritten } = this.#recorder;
    this.#recorder.remember(this.#makeRecord("collecting", COLLECTING_MESSAGE, runner.kind, this.#url));
    if (!isWritten || !(await window.open())) {
      log.warn("garbage is not collected: the database is away, or says that the registry does not run");
      this.#record("running", "", runner.kind, this.#url);
      return "left it running";
    }
    const outcome = await window.collect(runner, running);
    if (outcome === "left it running") this.#record("running", "", runner.kind, this.#url);
    return outcome;
  }

  #url = "";

  /** Other hosts' processes need the address that the machines use; where this host can't use it, none but it does. */
  async #findUrl(): Promise<string> {
    const { publicAddress, localUrl, tls, secrets } = { ...this.#options.settings, secrets: this.#options.secrets };
    this.#url = localUrl;
    if (isLoopback(splitAddress(publicAddress).host)) return localUrl;
    const url = `${tls ? "https" : "http"}://${publicAddress}`;
    const ca = tls?.kind === "issued" ? { ca: secrets.authority.certificate } : {};
    const isReached = await askRegistry({ url, ...ca, signal: this.#stopping.signal }).then(
      () => true,
      () => false, // a proxy of another scheme, or a router that does not lead back here
    );
    if (isReached) this.#url = url;
    return this.#url;
  }

  async #prepareCertificate(): Promise<CertificateFiles | null> {
    const { settings, secrets } = this.#options;
    if (settings.tls?.kind !== "issued") return settings.tls;
    return prepareCertificate(settings.folder, settings.tls.hosts, secrets.authority, Date.now());
  }

  async #answersInTime(running: RunningRegistry): Promise<boolean> {
    const deadline = performance.now() + this.#times.startMs;
    let isOver = false;
    void running.ended.then(() => (isOver = true));
    while (performance.now() < deadline && !isOver && !this.#stopping.signal.aborted) {
      if (await this.#answers()) return !isOver;
      await this.#sleep(50);
    }
    return false;
  }

  async #waitForSilence(signal: AbortSignal): Promise<void> {
    for (let misses = 0; misses < MISSES; misses = (await this.#answers()) ? 0 : misses + 1) {
      await delay(this.#times.pulseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return new Promise(() => {}); // nobody waits any more
    }
  }

  #answers(): Promise<boolean> {
    const { signal } = this.#stopping;
    return askRegistry({ url: this.#options.settings.localUrl, isTrusted: true, isPulse: true, signal }).then(
      () => true,
      () => false, // it does not listen yet, or any more
    );
  }

  #record(state: RegistryState, message: string, kind: RegistryRunner["kind"] = "process", url?: string): void {
    this.#recorder.set(this.#makeRecord(state, message, kind, url ?? this.#options.settings.localUrl));
  }

  #makeRecord(state: RegistryState, message: string, kind: RegistryRunner["kind"], url: string): RegistryRecord {
    const { settings, secrets } = this.#options;
    const ca = settings.tls?.kind === "issued" ? secrets.authority.certificate : null;
    return { kind, state, address: settings.publicAddress, url, ca, message };
  }

  /** Each text once, until the registry runs. */
  #warn(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.warn(text);
  }

  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {}); // whoever asks looks at the signal
  }

  #untilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
