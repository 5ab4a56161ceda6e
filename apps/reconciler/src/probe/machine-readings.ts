import type { MachineFacts } from "@berth/db/machines/load.ts";
import type { Claim } from "@berth/spec/condition.ts";
import type { Capacity } from "@berth/spec/capacity.ts";
import { type ProbeReading, type StoredReading, TELEMETRY_STALE_MS } from "@berth/spec/telemetry.ts";
import type { MachineSession } from "../machines/machine-session.ts";
import { type ClockSkew, nextSkew, NO_SKEW } from "../plan/clock-skew.ts";
import { isNvmlLost, type KnownGpus, nextGpus, whyNoGpus } from "../plan/gpus.ts";
import { PRIORITY } from "../queue/work-queue.ts";

/** What is free changes all the time: it is told again when it has changed by as large a part of the whole. */
const TOLD_PART = 0.01;

/** What the probe of one machine has told, and what follows from it. */
export class MachineReadings {
  readonly #session: MachineSession;
  #last: { reading: ProbeReading; at: number } | null = null;
  #gpus: KnownGpus | null = null;
  #skew: ClockSkew = NO_SKEW;
  #badLines = 0;
  /** The conditions and facts of the last reading: news of them is told at once. */
  #told = "";

  constructor(session: MachineSession) {
    this.#session = session;
  }

  take(reading: ProbeReading): void {
    const session = this.#session;
    const now = session.now();
    session.lastHeardAt = performance.now();
    this.#last = { reading, at: performance.now() };
    this.#gpus = nextGpus(this.#known(), reading, { held: this.#heldGpus(), mayUse: this.#mayUse });
    this.#skew = nextSkew(this.#skew, reading.time - now);
    if (reading.disk) session.disk.measure(reading.disk);
    session.probe.noteLostNvml(isNvmlLost(reading));
    session.context.telemetry?.take(session.owner.machine_id, this.#stored(reading, now));
    const told = JSON.stringify([
      this.#gpus.gpus,
      this.#gpus.missing,
      this.#gpus.foreign,
      this.claim(null),
      reading.cpus,
    ]);
    if (told === this.#told) return;
    this.#told = told;
    session.enqueueMachine(PRIORITY.event);
  }

  /** The probe runs on a machine of users: what it prints may be anything. */
  noteBadLine(why: string): void {
    this.#badLines += 1;
    if (this.#badLines === 1)
      this.#session.log.warn({ why }, "the probe printed what is no reading; more is only counted");
    else this.#session.log.debug({ why, count: this.#badLines }, "the probe printed what is no reading");
  }

  get isFresh(): boolean {
    return this.#last !== null && performance.now() - this.#last.at < TELEMETRY_STALE_MS;
  }

  /** As far as readings tell them. */
  facts(): Partial<MachineFacts> {
    if (this.#last === null || this.#gpus === null) return {};
    const { reading } = this.#last;
    const { facts } = this.#session.row;
    return {
      gpus: this.#gpus.gpus,
      missing_gpus: this.#gpus.missing,
      foreign_gpus: this.#gpus.foreign,
      boot_id: this.#gpus.boot_id,
      cpus: reading.cpus.length > 0 ? reading.cpus : facts.cpus,
      memory: steady(facts.memory, reading.memory),
      disk: reading.disk ? steady(facts.disk, reading.disk) : facts.disk,
    };
  }

  /** `gpuTrouble` is why the probe runs without GPUs where it should see them. */
  claim(gpuTrouble: string | null): Claim[] {
    return [...this.#claimGpus(gpuTrouble), ...this.#claimClock()];
  }

  #claimGpus(gpuTrouble: string | null): Claim[] {
    const { row } = this.#session;
    const trouble = (this.#last && whyNoGpus(this.#last.reading)) ?? gpuTrouble;
    if (trouble !== null) {
      const isLost = this.#last !== null && isNvmlLost(this.#last.reading);
      const message = `The GPUs can't be read: ${trouble.trim()} Look at the driver on the machine; after an update of it, reboot.`;
      return [{ type: "GpuHealthy", status: "false", reason: isLost ? "DriverLost" : "DriverFails", message }];
    }
    const missing = this.#gpus?.missing ?? row.facts.missing_gpus;
    if (missing.length > 0) {
      const message = `${missing.map((uuid) => this.#describeMissing(uuid)).join(" ")} Look at the machine: see dmesg for Xid errors, and reboot it where the GPU should be there.`;
      return [{ type: "GpuHealthy", status: "false", reason: "GpuGone", message }];
    }
    const count = (this.#gpus?.gpus ?? row.facts.gpus).length;
    return count === 0 ? [] : [{ type: "GpuHealthy", status: "true", reason: "AllThere", message: "" }];
  }

  #describeMissing(uuid: string): string {
    const holders = [...this.#session.containers.values()]
      .filter(({ row }) => row.claimed_gpus.includes(uuid))
      .map(({ row }) => row.name);
    const held = holders.length === 0 ? "no container holds it" : `held by ${holders.join(", ")}`;
    return `${uuid} is not there any more (${held}).`;
  }

  #claimClock(): Claim[] {
    if (!this.#skew.isSkewed) return [];
    const isAhead = this.#skew.offsetMs > 0;
    // No figure that changes from one reading to the next.
    const message = `The machine's clock is more than half a minute ${isAhead ? "ahead of" : "behind"} Berth's. Nothing depends on it but the times in logs: see whether NTP runs there.`;
    return [{ type: "ClockSkew", status: "true", reason: isAhead ? "Ahead" : "Behind", message }];
  }

  #known(): KnownGpus {
    if (this.#gpus) return this.#gpus;
    const { gpus, missing_gpus, foreign_gpus, boot_id } = this.#session.row.facts;
    return { gpus, missing: missing_gpus, foreign: foreign_gpus, boot_id, doubts: new Map() };
  }

  #heldGpus(): Set<string> {
    return new Set([...this.#session.containers.values()].flatMap(({ row }) => row.claimed_gpus));
  }

  #mayUse = (engineId: string, uuid: string): boolean => {
    const container = this.#containerOf(engineId);
    return container !== undefined && container.row.claimed_gpus.includes(uuid);
  };

  #containerOf(engineId: string) {
    for (const known of this.#session.containers.values()) {
      const { row, createdId } = known;
      const ids = [row.status.engine_id, createdId, ...row.held.map((held) => held.engine_id)];
      if (ids.includes(engineId)) return known;
    }
    return undefined;
  }

  #stored(reading: ProbeReading, now: number): StoredReading {
    const { load, busy, memory, disk, driver, gpu_error } = reading;
    return {
      load,
      busy,
      memory,
      disk,
      driver,
      gpu_error,
      clock_offset_ms: Math.round(reading.time - now),
      gpus: reading.gpus
        .toSorted((a, b) => a.index - b.index)
        .map(({ processes, ...gpu }) => ({
          ...gpu,
          processes: processes.map(({ pid, memory, container_id }) => ({
            pid,
            memory,
            container_id: container_id === null ? null : (this.#containerOf(container_id)?.row.container_id ?? null),
          })),
        })),
    };
  }
}

/** What was told, unless it is not near enough any more. */
function steady(told: Capacity | null, { total, free }: { total: number; free: number }): Capacity {
  const isNear = told?.total === total && told.free !== null && Math.abs(told.free - free) < total * TOLD_PART;
  return isNear ? told : { total, free };
}
