import type { TelemetryPoint } from "@berth/db/telemetry/points.ts";
import type { StoredReading } from "@berth/spec/telemetry.ts";

/** Adds up what is told, and what is not told (null) not at all. */
class Mean {
  #sum = 0;
  #count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.#count += 1;
  }

  get rounded(): number | null {
    return this.#count === 0 ? null : Math.round(this.#sum / this.#count);
  }

  /** To a thousandth. */
  get share(): number | null {
    return this.#count === 0 ? null : Math.round((1_000 * this.#sum) / this.#count) / 1_000;
  }
}

class MachineMeans {
  readonly cpu = new Mean();
  readonly memory = new Mean();
  readonly disk = new Mean();
  readonly gpus = new Map<number, { utilization: Mean; memory: Mean; temperature: Mean; power: Mean }>();

  add(reading: StoredReading): void {
    this.cpu.add(reading.busy);
    this.memory.add(usedOf(reading.memory));
    this.disk.add(reading.disk && usedOf(reading.disk));
    for (const { index, utilization, memory_used, temperature, power } of reading.gpus) {
      const means = this.gpus.get(index) ?? {
        utilization: new Mean(),
        memory: new Mean(),
        temperature: new Mean(),
        power: new Mean(),
      };
      means.utilization.add(utilization);
      means.memory.add(memory_used);
      means.temperature.add(temperature);
      means.power.add(power);
      this.gpus.set(index, means);
    }
  }
}

const usedOf = ({ total, free }: { total: number; free: number | null }): number | null =>
  free === null ? null : total - free;

/** Readings of many machines, as one point each when a minute is over. */
export class MinuteMeans {
  #machines = new Map<string, MachineMeans>();

  add(machineId: string, reading: StoredReading): void {
    const means = this.#machines.get(machineId) ?? new MachineMeans();
    means.add(reading);
    this.#machines.set(machineId, means);
  }

  forget(machineId: string): void {
    this.#machines.delete(machineId);
  }

  /** What was added since the last time, as the points of the minute that began at `at`. */
  takeMinute(at: Date): TelemetryPoint[] {
    const machines = this.#machines;
    this.#machines = new Map();
    return [...machines].map(([machine_id, { cpu, memory, disk, gpus }]) => {
      const ordered = [...gpus].sort(([a], [b]) => a - b);
      return {
        machine_id,
        at,
        cpu: cpu.share,
        memory_used: memory.rounded,
        disk_used: disk.rounded,
        gpu_indexes: ordered.map(([index]) => index),
        gpu_utilization: ordered.map(([, mean]) => mean.utilization.rounded),
        gpu_memory_used: ordered.map(([, mean]) => mean.memory.rounded),
        gpu_temperature: ordered.map(([, mean]) => mean.temperature.rounded),
        gpu_power: ordered.map(([, mean]) => mean.power.rounded),
      };
    });
  }
}
