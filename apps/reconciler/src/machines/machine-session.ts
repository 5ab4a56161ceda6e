import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { Fence } from "@berth/db/leases/fence.ts";
import type { MachineRow } from "@berth/db/machines/load.ts";
import type { Sql } from "@berth/db/sql.ts";
import {
  type Engine,
  EngineError,
  type EngineInfo,
  type InspectedImage,
  type PullOptions,
} from "@berth/docker/engine.ts";
import type { Pool } from "@berth/db/pool.ts";
import type { Logger } from "pino";
import { eventOf } from "../containers/action-events.ts";
import { forgiveFailures, type KnownContainer, newKnown } from "../containers/known-container.ts";
import { MachineImages } from "../images/machine-images.ts";
import type { Owner } from "../containers/ownership.ts";
import { createPulls, type Pulls } from "../containers/pulls.ts";
import { endsQuietly, reconcileContainer } from "../containers/reconcile-container.ts";
import { IdentityError, isAnswer, isMiss, isNoEngine, LeaseLostError, StaleRowError } from "../failures.ts";
import type { Failure } from "../plan/status.ts";
import type { Action } from "../plan/types.ts";
import { backoffMs, TRANSIENT } from "../queue/backoff.ts";
import { createBreaker } from "../queue/breaker.ts";
import { createMachineLanes, type MachineLanes } from "../queue/lanes.ts";
import type { Priority } from "../queue/work-queue.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import { costOfRun, countCall, inRunScope, waitForEngine } from "../run-scope.ts";
import { Departed } from "./departed.ts";
import { DiskPressure } from "./disk-pressure.ts";
import { MachineProbe } from "../probe/machine-probe.ts";
import { watchEngine } from "./engine-watch.ts";
import { readIdentity } from "./identity.ts";
import { watchPulse } from "./pulse.ts";
import { learnFacts, reconcileMachine } from "./reconcile-machine.ts";
import { repositoryIn } from "../registry/registry-access.ts";
import { RegistryReach } from "./registry-reach.ts";
import type { SessionContext } from "./session-context.ts";
import { writeOffline } from "./write-offline.ts";

export const containerKey = (uid: string): string => `c/${uid}`;
const machineKey = (machineId: string): string => `m/${machineId}`;

/** An engine that answers, and refuses every look for as long, can't be worked with either. */
const REFUSING_MS = 15_000;

/** Whether the engine is the one that we know: nothing is changed on it before that is certain. */
export type Identity = { state: "unknown" | "confirmed" } | { state: "mismatch"; message: string };

/** One machine while this process holds its shard: its engine, and its containers as last seen. */
export class MachineSession {
  readonly context: SessionContext;
  readonly engine: Engine;
  readonly owner: Owner;
  readonly log: Logger;
  readonly pulls: Pulls;
  readonly images: MachineImages;
  readonly disk: DiskPressure;
  readonly departed: Departed;
  readonly probe: MachineProbe;
  readonly registryReach: RegistryReach;
  readonly breaker = createBreaker();
  readonly containers = new Map<string, KnownContainer>();
  /** Engine ids whose stop or kill was seen since they last started. */
  readonly stoppedByHand = new Set<string>();
  row: MachineRow;
  identity: Identity = { state: "unknown" };
  /** Read from the database since the shard is ours. */
  isLoaded = false;
  /** Containers that were told of before that: a load that had begun may lack them. */
  readonly noticedEarly = new Set<string>();
  /** What the engine last said that it is, and whether it has said so on this connection. */
  facts: EngineInfo | null = null;
  hasFacts = false;
  /** Monotonic, ms: one that did not say so when it was asked is not asked again before. */
  factsDueAt = 0;
  isEventsConnected = false;
  /** What the engine did not finish in time, though it answers lists; null where it did. */
  stuckOn: "changes" | "facts" | null = null;
  orphans: readonly string[] = [];
  lastListAt: Date | null = null;
  /** Monotonic, ms: since when looks at the machine have failed before they had a list; null where the last one had. */
  unlistedSince: number | null = null;
  /** Monotonic, ms: when the engine last answered or told anything. */
  lastHeardAt = performance.now();
  /** What made the breaker open. */
  lastMiss: unknown = null;
  /** Wall clock, ms: since when the breaker is open, and when the engine is asked next; null where it is not. */
  awaySince: number | null = null;
  nextTryAt: number | null = null;
  readonly #lanes: MachineLanes;
  readonly #closing = new AbortController();
  #eventStream = new AbortController();
  #failures = 0;
  #isRetired = false;

  constructor(context: SessionContext, row: MachineRow) {
    this.context = context;
    this.row = row;
    this.log = context.log.child({ machine_id: row.machine_id });
    // What was begun with the lease may go out much later: while its connection came about, this process may have been frozen.
    this.engine = context.connect(row, () => void this.fence());
    this.owner = { installation: context.installation, machine_id: row.machine_id };
    this.#lanes = createMachineLanes(context.lanes);
    this.images = new MachineImages(this);
    this.disk = new DiskPressure(this);
    this.departed = new Departed(this);
    this.probe = new MachineProbe(this);
    this.registryReach = new RegistryReach(this);
    this.pulls = createPulls({
      pull: (reference, options) => inRunScope(() => this.#pullApart(reference, options)),
      authorize: async ({ reference, image_id }) =>
        image_id === null ? undefined : context.registry.transferToken({ pull: [repositoryIn(reference)] }),
      note: (wanted, news) => this.images.notePull(wanted, news),
      now: context.now,
      random: context.random,
    });
  }

  get sql(): Sql {
    return this.context.sql;
  }
  get pool(): Pool {
    return this.context.pool;
  }
  get closing(): AbortSignal {
    return this.#closing.signal;
  }
  get isStuck(): boolean {
    return this.stuckOn !== null;
  }
  /** That the engine can start containers by, as it last told. */
  get runtimes(): readonly string[] {
    return this.facts?.runtimes ?? [];
  }
  /** Of the machine, bytes; 0 where nobody knows. */
  get memoryBytes(): number {
    return this.facts?.memory_bytes ?? (this.row.facts.memory?.total ?? 0) * 1_048_576;
  }
  now = (): number => this.context.now();
  random = (): number => this.context.random();
  crash: SessionContext["crash"] = (point) => this.context.crash(point);

  start(): void {
    void watchEngine(this);
    void watchPulse(this);
  }

  /** Stops looking; calls under way end with `closed`. */
  close(): void {
    if (!this.#isRetired) this.#forget();
    this.#closing.abort();
    this.probe.close();
    this.pulls.abortAll();
    this.images.abortAll();
    this.engine.close();
  }

  /** Berth leaves the machine: what it runs there for itself goes. It may be added again meanwhile, with a session of its own. */
  async retire(): Promise<void> {
    this.#forget();
    this.#isRetired = true;
    await this.probe.retire().finally(() => this.close());
  }

  #forget(): void {
    this.context.queue.forget(this.row.machine_id);
    this.context.telemetry?.forget(this.row.machine_id);
  }

  /** Throws where nothing may be begun. */
  fence(): Fence {
    const fence = this.context.fenceOf(this.row.shard);
    if (!fence || this.closing.aborted) throw new LeaseLostError();
    return fence;
  }

  /** A call that changes something: only with the lease, and only on an engine that is the one we know. */
  mutate<Result>(work: () => Promise<Result>): Promise<Result> {
    return waitForEngine(() => this.#lanes.mutate(() => this.#change(work)));
  }
  /** A change that may take hours: what people start and stop meanwhile does not wait for it. */
  commit<Result>(work: () => Promise<Result>): Promise<Result> {
    return waitForEngine(() => this.#lanes.commit(() => this.#change(work)));
  }

  async #change<Result>(work: () => Promise<Result>): Promise<Result> {
    this.fence();
    if (this.identity.state !== "confirmed") throw new IdentityError("the engine's identity is not confirmed");
    try {
      const result = await this.#watched(work);
      if (this.stuckOn === "changes") this.noteStuck(null);
      return result;
    } catch (error) {
      if (error instanceof EngineError && error.timedOut) this.noteStuck("changes");
      this.disk.notice(error);
      throw error;
    }
  }

  /** What lasts, beside the lanes of calls: with the lease, on the engine that we know; a stall says nothing of the engine. */
  pull<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#lanes.pull(() => this.#transfer(work, "fills the disk"));
  }
  push<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#lanes.push(() => this.#transfer(work, "reads only"));
  }
  build<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#lanes.build(() => this.#transfer(work, "fills the disk"));
  }

  async #transfer<Result>(work: () => Promise<Result>, kind: "fills the disk" | "reads only"): Promise<Result> {
    this.fence();
    if (this.identity.state !== "confirmed") throw new IdentityError("the engine's identity is not confirmed");
    try {
      const result = await countCall(work);
      if (kind === "fills the disk") this.disk.end();
      return result;
    } catch (error) {
      this.disk.notice(error);
      throw error;
    }
  }

  /** Containers only wait for it: its cost is its own. */
  async #pullApart(reference: string, options: PullOptions): Promise<InspectedImage> {
    const image = await this.pull(() => this.engine.pullImage(reference, options));
    this.log.info({ reference, ...costOfRun() }, "image pulled");
    return image;
  }

  noteStuck(on: MachineSession["stuckOn"]): void {
    const wasStuck = this.isStuck;
    this.stuckOn = on;
    if (this.isStuck !== wasStuck) this.enqueueMachine(PRIORITY.event);
  }

  read<Result>(work: () => Promise<Result>): Promise<Result> {
    return waitForEngine(() => this.#lanes.read(() => this.#watched(work)));
  }

  async #watched<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await countCall(work);
      this.noteAnswer();
      return result;
    } catch (error) {
      this.noteFailure(error);
      throw error;
    }
  }

  /** For one stream of events: it ends with the session, and where the engine does not answer any more. */
  openEventStream(): AbortSignal {
    this.#eventStream = new AbortController();
    return AbortSignal.any([this.closing, this.#eventStream.signal]);
  }

  noteAnswer(): void {
    this.lastHeardAt = performance.now();
    this.breaker.recordAnswer();
  }

  /** Counts what the engine did not answer; enough of it parks the machine's keys. */
  noteFailure(error: unknown): void {
    if (isAnswer(error)) this.noteAnswer();
    if (!isMiss(error) || this.closing.aborted || !this.breaker.recordMiss()) return;
    this.log.warn({ err: error }, "the engine does not answer: its keys are parked");
    this.lastMiss = error;
    this.awaySince = this.now();
    this.context.queue.park(this.row.machine_id);
    // The stream of an engine that froze stays open, and would keep anyone from probing it.
    this.#eventStream.abort();
  }

  /** Throws an IdentityError, and freezes the machine, where the engine is another than the one we know. */
  async confirmIdentity(): Promise<void> {
    this.identity = await readIdentity(this);
    if (this.identity.state === "confirmed") return;
    this.enqueueMachine(PRIORITY.event);
    throw new IdentityError(this.identity.state === "mismatch" ? this.identity.message : "unknown");
  }

  /** One that has moved away is looked at by the machine where it is, whatever a run of it here has still to say. */
  enqueue(uid: string, priority: Priority): void {
    if (!this.containers.has(uid)) return;
    this.context.queue.add(containerKey(uid), this.row.machine_id, priority);
  }
  enqueueAfter(uid: string, priority: Priority, delayMs: number): void {
    if (!this.containers.has(uid)) return;
    this.context.queue.addAfter(containerKey(uid), this.row.machine_id, priority, delayMs);
  }
  enqueueMachine(priority: Priority, delayMs = 0): void {
    const { queue } = this.context;
    if (delayMs === 0) queue.add(machineKey(this.row.machine_id), this.row.machine_id, priority);
    else queue.addAfter(machineKey(this.row.machine_id), this.row.machine_id, priority, delayMs);
  }

  enqueueFacts(): void {
    const { machine_id } = this.row;
    const delayMs = Math.max(0, this.factsDueAt - performance.now());
    this.context.queue.addAfter(`f/${machine_id}`, machine_id, PRIORITY.resync, delayMs);
  }

  /** Takes over a row as it was just read. One that is being worked on is read again afterwards. */
  upsert(row: ContainerRow): KnownContainer {
    const known = this.containers.get(row.uid);
    if (!known) {
      const fresh = newKnown(row);
      this.containers.set(row.uid, fresh);
      return fresh;
    }
    if (known.isRunning) {
      known.isStale = true;
      return known;
    }
    // Read before a write of ours that has come since: its own look reads it again.
    if (row.generation < known.row.generation || row.status.version < known.row.status.version) {
      known.isStale = true;
      return known;
    }
    if (known.row.generation !== row.generation) {
      forgiveFailures(known);
      this.context.queue.cancelDelay(containerKey(row.uid));
    }
    if (!isSameImage(known.row, row)) known.image = { state: "unknown" };
    if (known.row.ssh_keys_hash !== row.ssh_keys_hash) known.keysFailure = null;
    known.row = row;
    known.isStale = false;
    return known;
  }

  forgetContainer(uid: string): void {
    this.containers.delete(uid);
    this.context.queue.cancelDelay(containerKey(uid));
  }

  tell(known: KnownContainer, action: Action): void {
    const event = eventOf(action);
    if (event) this.context.told.tell({ noun: "container", id: known.row.uid, kind: "normal", ...event });
  }

  tellFailure(known: KnownContainer, failure: Failure): void {
    this.context.told.tell({
      noun: "container",
      id: known.row.uid,
      kind: "warning",
      reason: failure.isTerminal ? "Failed" : "Retrying",
      message: failure.message,
    });
  }

  tellImage(imageId: number, kind: "normal" | "warning", reason: string, message: string): void {
    this.context.told.tell({ noun: "image", id: String(imageId), kind, reason, message });
  }

  /** What a registry refused or lacked may be had now. */
  forgivePulls(): void {
    this.images.forgive();
    for (const known of this.containers.values()) {
      if (known.image.state !== "failed") continue;
      known.image = { state: "unknown" };
      known.retryAt = 0;
      this.enqueue(known.row.uid, PRIORITY.event);
    }
  }

  /** After a write that found the status changed. What else has changed, as its address, is for the notice of it to tell. */
  async reloadStatus(): Promise<void> {
    const row = await this.context.loadMachine(this.row.machine_id);
    if (row) this.row = { ...this.row, status: row.status, facts: row.facts };
  }

  /** The queue's run of `m/<machine>`. */
  async runMachine(): Promise<void> {
    await this.#runOnMachine(reconcileMachine);
  }

  /** The queue's run of `f/<machine>`. */
  async runFacts(): Promise<void> {
    if (this.hasFacts) return;
    if (this.factsDueAt > performance.now()) this.enqueueFacts();
    else await this.#runOnMachine(learnFacts);
  }

  async #runOnMachine(work: (session: MachineSession) => Promise<void>): Promise<void> {
    try {
      await work(this);
      this.#failures = 0;
    } catch (error) {
      if (endsQuietly(error) || this.closing.aborted) return;
      this.#failures += 1;
      this.log.warn({ err: error }, "machine could not be reconciled");
      if (this.row.status.online && (isNoEngine(error) || this.#isRefusing(error))) await writeOffline(this, error);
      this.enqueueMachine(PRIORITY.retry, Math.max(50, backoffMs(TRANSIENT, this.#failures, this.random())));
    }
  }

  #isRefusing(error: unknown): boolean {
    if (!(error instanceof EngineError)) return false;
    this.unlistedSince ??= performance.now();
    return performance.now() - this.unlistedSince > REFUSING_MS;
  }

  /** The queue's run of `c/<uid>`. */
  async runContainer(uid: string): Promise<void> {
    const known = this.containers.get(uid);
    if (!known || this.identity.state !== "confirmed") return; // the machine's own key asks again
    known.isRunning = true;
    try {
      // What is pulled again is read again: the registry's address is part of the row, and no notice tells of another one.
      if ((known.isStale || known.image.state === "failed") && !(await this.#reload(known))) return;
      await reconcileContainer(this, known);
      // What was told before the last list began is in that list. A run that failed asks for the next one by itself.
      if (known.lastEventAt > known.lastListBeganAt) this.enqueue(uid, PRIORITY.event);
    } catch (error) {
      this.#afterFailedRun(known, error);
    } finally {
      known.isRunning = false;
    }
  }

  async #reload(known: KnownContainer): Promise<boolean> {
    // Before it is read: what is told meanwhile makes it stale again.
    known.isStale = false;
    const [row] = await this.context.loadContainers({ uids: [known.row.uid] });
    if (!row || row.placement.machine_id !== this.row.machine_id) {
      this.forgetContainer(known.row.uid);
      // Nobody has told that it moved: what it left here is to be kept.
      if (row) {
        await this.departed.load();
        this.enqueueMachine(PRIORITY.event);
      }
      return false;
    }
    if (row.generation !== known.row.generation) forgiveFailures(known);
    if (!isSameImage(known.row, row)) known.image = { state: "unknown" };
    known.row = row;
    return true;
  }

  #afterFailedRun(known: KnownContainer, error: unknown): void {
    const { uid } = known.row;
    known.isStale = true;
    if (endsQuietly(error) || this.closing.aborted) {
      this.log.debug({ uid, err: error }, "run ended early");
      return;
    }
    if (error instanceof StaleRowError) {
      this.enqueue(uid, PRIORITY.user);
      return;
    }
    known.failures += 1;
    this.log.warn({ uid, err: error }, "container could not be reconciled");
    this.enqueueAfter(uid, PRIORITY.retry, backoffMs(TRANSIENT, known.failures, this.random()));
  }
}

const isSameImage = (a: ContainerRow, b: ContainerRow): boolean =>
  a.image.reference === b.image.reference && a.image.digest === b.image.digest;
