import type { MachineFacts } from "@berth/db/machines/load.ts";
import { writeSystemContainer } from "@berth/db/system-containers/write.ts";
import { EngineError, type ListedContainer } from "@berth/docker/engine.ts";
import type { Claim } from "@berth/spec/condition.ts";
import { LABEL, PROBE_NAME } from "@berth/spec/engine-names.ts";
import { planProbe, type ProbeAction, probePlanText, type ObservedProbe } from "../plan/probe.ts";
import { IdentityError, LeaseLostError } from "../failures.ts";
import { backoffMs } from "../queue/backoff.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { MachineReadings } from "./machine-readings.ts";
import { PROBE, probeBody } from "./probe-body.ts";
import { followProbe } from "./follow-probe.ts";
import { bringSystemImage, wantedDigest } from "./system-images.ts";

const probeKey = (machineId: string): string => `s/${machineId}`;

const STOP_GRACE_S = 2;
const RETRY = { baseMs: 2_000, maxMs: 300_000 };
/** A machine whose driver could not be used is asked for its GPUs again. */
const GPUS_AGAIN_MS = 600_000;
/** A new probe may find the driver again, or lose it at once. */
const LOST_AGAIN_MS = 60_000;
/** What engines and the NVIDIA toolkit say where a container can't have GPUs. */
const NO_GPUS = /nvidia|device driver|nvml|\bcdi\b|\bgpus?\b/i;

interface Problem {
  reason: string;
  message: string;
}

/** Berth's own container on one machine that tells what the machine has and how busy it is. */
export class MachineProbe {
  readonly readings: MachineReadings;
  readonly #session: MachineSession;
  #problem: Problem | null = null;
  #failures = 0;
  /** Why it runs without GPUs where it should see them, and until when (wall clock, ms). */
  #gpuTrouble: { message: string; until: number } | null = null;
  #lostNvmlId: string | null = null;
  #lostRetryAt = 0;
  #lostCount = 0;
  /** Whether the one that is planned is given the machine's GPUs. */
  #hasGpus = false;
  #ownId: string | null = null;
  #recorded = "";
  #following: { engineId: string; stop: AbortController } | null = null;

  constructor(session: MachineSession) {
    this.#session = session;
    this.readings = new MachineReadings(session);
  }

  get isWanted(): boolean {
    return this.#session.context.systemImages !== null && this.#session.row.state !== "decommissioned";
  }

  /** As the machine's list has it: costs nothing where all is well. */
  look(listed: readonly ListedContainer[]): void {
    const session = this.#session;
    if (session.context.systemImages === null || !session.hasFacts) return;
    const found = this.#find(listed);
    if (this.#plan(found).length > 0) this.#enqueue(PRIORITY.event);
    else if (found) {
      this.#ownId = found.id;
      this.#follow(found.id, false);
    }
  }

  /** The queue's run of `s/<machine>`. */
  async run(): Promise<void> {
    const session = this.#session;
    if (session.identity.state !== "confirmed" || session.context.systemImages === null) return;
    try {
      await this.#converge();
      this.#failures = 0;
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof IdentityError || session.closing.aborted) return;
      if (this.#isGpuTrouble(error)) return this.#enqueue(PRIORITY.event);
      this.#failures += 1;
      const message = error instanceof Error ? error.message : String(error);
      session.log.warn({ err: error }, "the machine's probe could not be brought about");
      this.#say({ reason: "CanNotRun", message: `Berth's own container can't run there: ${message}` });
      this.#enqueue(PRIORITY.retry, backoffMs(RETRY, this.#failures, session.random()));
      await this.#record(null, "Failed", message).catch((again: unknown) =>
        session.log.warn({ err: again }, "could not record that the probe does not run"),
      );
    }
  }

  /** Takes it away from a machine that Berth is about to leave. Whatever is in the way of that stays. */
  async retire(): Promise<void> {
    const session = this.#session;
    this.close();
    if (session.context.systemImages === null || session.identity.state !== "confirmed") return;
    try {
      const found = this.#find(await this.#list());
      for (const action of planProbe(null, found && observedOf(found), { lostNvmlId: null }))
        await this.#execute(action, "");
    } catch (error) {
      session.log.warn({ err: error }, "the probe was left on a machine that was removed");
    }
  }

  /** A reading says that the driver's library is lost. */
  noteLostNvml(isLost: boolean): void {
    const engineId = this.#following?.engineId ?? null;
    if (!isLost) {
      this.#lostCount = 0;
      this.#lostNvmlId = null;
      return;
    }
    if (this.#lostNvmlId === engineId || this.#session.now() < this.#lostRetryAt) return;
    this.#lostNvmlId = engineId;
    this.#lostRetryAt = this.#session.now() + LOST_AGAIN_MS * 2 ** Math.min(this.#lostCount, 5);
    this.#lostCount += 1;
    this.#enqueue(PRIORITY.event);
  }

  close(): void {
    this.#following?.stop.abort();
    this.#following = null;
  }

  facts(): Partial<MachineFacts> {
    return this.#session.context.systemImages === null ? {} : this.readings.facts();
  }

  claim(): Claim[] {
    if (this.#session.context.systemImages === null) return [];
    return [...this.#claimRunning(), ...this.readings.claim(this.#gpuTrouble?.message ?? null)];
  }

  #claimRunning(): Claim[] {
    const problem = this.#problem ?? this.#missingImage();
    if (problem) return [{ type: "ProbeRunning", status: "false", ...problem }];
    return [{ type: "ProbeRunning", status: "true", reason: "Running", message: "" }];
  }

  #missingImage(): Problem | null {
    if (wantedDigest(this.#session) !== null) return null;
    const message =
      "Berth's own image for machines was not made yet: see what npm start says of it, or run " +
      '"npm run system-image" on a Debian or Ubuntu host that reaches the database.';
    return { reason: "NoSystemImage", message };
  }

  async #converge(): Promise<void> {
    const session = this.#session;
    const found = this.#find(await this.#list());
    const actions = this.#plan(found);
    if (actions.length > 0) session.log.info({ plan: probePlanText(actions) }, "the machine's probe");
    let engineId = found?.id ?? null;
    for (const action of actions) {
      if (action.kind === "remove") engineId = null;
      engineId = (await this.#execute(action, engineId ?? "")) ?? engineId;
    }
    if (found && actions.some(({ kind }) => kind === "remove")) await this.#forgetImage(found.image_id);
    if (engineId === null || !this.isWanted) return this.#record(null, "Pending", "");
    this.#say(null);
    this.#ownId = engineId;
    await this.#record(engineId, "Running", "");
    this.#follow(
      engineId,
      actions.some(({ kind }) => kind === "create"),
    );
  }

  #plan(found: ListedContainer | null): ProbeAction[] {
    const observed = found && observedOf(found);
    const digest = wantedDigest(this.#session);
    // Without an image to make it of, what is there is left as it is.
    if (this.isWanted && digest === null) return [];
    const wanted = this.isWanted && digest !== null ? { specHash: this.#specHash(digest, observed) } : null;
    return planProbe(wanted, observed, { lostNvmlId: this.#lostNvmlId });
  }

  #specHash(digest: string, observed: ObservedProbe | null): string {
    this.#hasGpus = this.#wantsGpus(digest, observed);
    return probeBody({ ...this.#wish(digest), hasGpus: this.#hasGpus }).Labels[LABEL.spec] ?? "";
  }

  /** Where the engine knows of NVIDIA's runtime, or the last one was started with GPUs. */
  #wantsGpus(digest: string, observed: ObservedProbe | null): boolean {
    const session = this.#session;
    if (this.#gpuTrouble && session.now() < this.#gpuTrouble.until) return false;
    if (session.runtimes.includes("nvidia")) return true;
    const withGpus = probeBody({ ...this.#wish(digest), hasGpus: true }).Labels[LABEL.spec];
    return observed?.state === "running" && observed.specHash === withGpus;
  }

  #wish(digest: string) {
    return { owner: this.#session.owner, digest };
  }

  async #execute(action: ProbeAction, engineId: string): Promise<string | undefined> {
    const session = this.#session;
    const { engine } = session;
    switch (action.kind) {
      case "bring-image":
        await bringSystemImage(session);
        return undefined;
      case "create":
        return this.#create();
      case "start":
        await session.mutate(() => engine.startContainer(action.engineId ?? engineId));
        return undefined;
      case "unpause":
        await session.mutate(() => engine.unpauseContainer(action.engineId));
        return undefined;
      case "stop":
        await session.mutate(() => engine.stopContainer(action.engineId, STOP_GRACE_S));
        return undefined;
      case "remove":
        if (this.#following?.engineId === action.engineId) this.close();
        await session.mutate(() => engine.removeContainer(action.engineId));
        return undefined;
    }
  }

  async #create(): Promise<string> {
    const session = this.#session;
    const digest = wantedDigest(session);
    if (digest === null) throw new Error("no system image is stored");
    const body = probeBody({ ...this.#wish(digest), hasGpus: this.#hasGpus });
    try {
      return (await session.mutate(() => session.engine.createContainer(PROBE_NAME, body))).id;
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === "conflict")) throw error;
      throw new Error(`another container is called ${PROBE_NAME}: rename or remove it there`, { cause: error });
    }
  }

  /** A start that fails for the GPUs' sake: without them it tells at least the rest. */
  #isGpuTrouble(error: unknown): boolean {
    const isRefused = error instanceof EngineError && (error.kind === "failed" || error.kind === "rejected");
    if (!isRefused || !this.#hasGpus || !NO_GPUS.test(error.message)) return false;
    this.#gpuTrouble = { message: error.message, until: this.#session.now() + GPUS_AGAIN_MS };
    this.#session.log.warn({ err: error }, "the probe can't have the machine's GPUs; it runs without them");
    this.#session.enqueueMachine(PRIORITY.event);
    return true;
  }

  #find(listed: readonly ListedContainer[]): ListedContainer | null {
    const { installation } = this.#session.owner;
    const ours = listed.filter(
      ({ labels }) => labels[LABEL.system] === PROBE && labels[LABEL.installation] === installation,
    );
    // Labels alone are not ownership: a commit copies them. One that somebody renamed is known by its id.
    return ours.find(({ name }) => name === PROBE_NAME) ?? ours.find(({ id }) => id === this.#ownId) ?? null;
  }

  #list(): Promise<ListedContainer[]> {
    const session = this.#session;
    const labels = { [LABEL.installation]: session.owner.installation, [LABEL.system]: PROBE };
    return session.read(() => session.engine.listContainers({ labels }));
  }

  /** The image that an older probe ran from: nobody else has a use for it, and one that is named is not lost. */
  async #forgetImage(imageId: string): Promise<void> {
    const { engine } = this.#session;
    try {
      const { tags } = await engine.inspectImage(imageId);
      if (tags.length === 0) await this.#session.mutate(() => engine.removeImage(imageId));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#session.log.debug({ err: error }, "an older system image was left");
    }
  }

  #follow(engineId: string, isFresh: boolean): void {
    if (this.#following?.engineId === engineId) return;
    this.close();
    const stop = new AbortController();
    this.#following = { engineId, stop };
    void followProbe(this.#session, engineId, {
      isFresh,
      signal: AbortSignal.any([this.#session.closing, stop.signal]),
    });
  }

  #say(problem: Problem | null): void {
    if (JSON.stringify(problem) === JSON.stringify(this.#problem)) return;
    this.#problem = problem;
    this.#session.enqueueMachine(PRIORITY.event);
  }

  async #record(engineId: string | null, phase: "Pending" | "Running" | "Failed", message: string): Promise<void> {
    const session = this.#session;
    const image = wantedDigest(session) ?? "";
    const write = {
      machine_id: session.owner.machine_id,
      name: PROBE_NAME,
      image,
      engine_id: engineId,
      phase,
      message,
    };
    if (JSON.stringify(write) === this.#recorded) return;
    await writeSystemContainer(session.sql, session.fence(), write);
    this.#recorded = JSON.stringify(write);
  }

  #enqueue(priority: (typeof PRIORITY)[keyof typeof PRIORITY], delayMs = 0): void {
    const { queue } = this.#session.context;
    const { machine_id } = this.#session.owner;
    if (delayMs === 0) queue.add(probeKey(machine_id), machine_id, priority);
    else queue.addAfter(probeKey(machine_id), machine_id, priority, delayMs);
  }
}

const observedOf = ({ id, name, state, labels }: ListedContainer): ObservedProbe => ({
  engineId: id,
  state,
  specHash: name === PROBE_NAME ? (labels[LABEL.spec] ?? "") : "renamed",
});
