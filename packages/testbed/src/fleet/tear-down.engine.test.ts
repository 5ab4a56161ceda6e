import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sharedFleet } from "./shared-fleet.ts";
import { findResidue } from "./find-residue.ts";
import type {} from "./global-setup.ts"; // declares what is injected
import { parseProcessStat } from "./process-identity.ts";
import { startFleet } from "./start-fleet.ts";
import { sweepDeadFleets, WATCHDOG } from "./tear-down.ts";
import { waitUntil } from "./wait-until.ts";

const generations = sharedFleet()?.engines.map(({ generation }) => generation) ?? [];

/** A process of its own that holds a fleet with a running container. */
async function holdFleet(): Promise<{ owner: ChildProcess; folder: string }> {
  const script = fileURLToPath(new URL("hold-fleet.ts", import.meta.url));
  const owner = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  return { owner, folder: line.toString().trim() };
}

async function killOwner(owner: ChildProcess): Promise<void> {
  owner.kill("SIGKILL");
  await once(owner, "exit");
}

describe.skipIf(generations.length === 0)("a fleet leaves nothing behind", () => {
  test("when it is closed", async () => {
    const fleet = await startFleet({
      engines: generations.map((generation, index) => ({ name: `closed-${index}`, generation })),
    });
    await Promise.all(fleet.engines.map((engine) => engine.docker("run", "-d", "berth-test/busybox", "sleep", "1000")));
    expect(findResidue(fleet.folder).length).toBeGreaterThan(10);
    await fleet.close();
    expect(findResidue(fleet.folder)).toEqual([]);
  });

  test.skipIf(!generations.includes("20.10"))("when its process is killed", async () => {
    const { owner, folder } = await holdFleet();
    const kinds = findResidue(folder).map((line) => line.split(" ")[0]);
    expect(new Set(kinds)).toEqual(new Set(["folder", "process", "mounts", "link", "cgroup"]));
    await killOwner(owner);
    await waitUntil("the fleet to be gone", 20_000, () => findResidue(folder).length === 0);
  });

  test.skipIf(!generations.includes("20.10"))(
    "when its process and its watchdog are killed, and another comes",
    async () => {
      const { owner, folder } = await holdFleet();
      const watchdog = parseProcessStat(readFileSync(join(folder, "pids", WATCHDOG), "utf8"));
      process.kill(watchdog.pid, "SIGKILL");
      await killOwner(owner);
      expect(findResidue(folder)).not.toEqual([]);
      await sweepDeadFleets();
      expect(findResidue(folder)).toEqual([]);
    },
  );

  test("and a living one is left alone by the sweep", async () => {
    const fleet = await startFleet({ engines: [] });
    await sweepDeadFleets();
    expect((await fetch(`http://${fleet.registry.address}/v2/`)).status).toBe(200);
    await fleet.close();
  });
});
