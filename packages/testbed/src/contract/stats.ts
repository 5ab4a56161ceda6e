import { expect, test } from "vitest";
import { type ContractTarget, eventually, openScratch } from "./scratch.ts";

const MIB = 1024 * 1024;

export function describeStats(target: () => Promise<ContractTarget>): void {
  test("measures what a running container uses", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start({ host: { Memory: 64 * MIB, MemorySwap: 64 * MIB } });
    const first = await scratch.engine.stats(id);
    expect(first.cpu_cores).toBeNull();
    expect(first.memory_limit_bytes).toBe(64 * MIB);
    expect(first.memory_bytes).toBeLessThan(64 * MIB);
    await eventually(async () => {
      const { cpu_cores, pids, memory_bytes } = await scratch.engine.stats(id);
      expect(pids).toBeGreaterThan(0);
      expect(memory_bytes).toBeGreaterThan(0);
      expect(cpu_cores).toBeGreaterThanOrEqual(0);
    });
  });

  test("measures nothing where nothing runs", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    expect(await scratch.engine.stats(id)).toMatchObject({ cpu_cores: null, memory_bytes: 0, pids: 0 });
  });
}
