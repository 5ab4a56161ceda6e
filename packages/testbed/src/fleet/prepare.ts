import { existsSync } from "node:fs";
import { findCommand } from "./command-path.ts";
import { ENGINE_GENERATIONS, GENERATION_TRAITS } from "./generations.ts";
import { withLock } from "./lock.ts";
import { findCapabilities, findObstacle, listMissingPackages, type FleetCapabilities } from "./requirements.ts";
import { hostSuite, isRootFileSystem, makeRootFileSystem, rootFileSystemOf } from "./root-file-system.ts";
import { runCommand } from "./run-command.ts";
import { makeSshdArchive, sshdArchive } from "./sshd-image.ts";

// Debian starts a service as it installs it: Docker and a registry of the machine's own, which nobody has asked for.
const INSTALL = `
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM HUP
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod +x "$policy"
  fi
  apt-get -q -o DPkg::Lock::Timeout=120 update
  apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends --no-remove "$@"`;

/** One run at a time: apt's own locks refuse the second instead of letting it wait. */
export const PREPARE_LOCK = "/run/lock/berth-testbed-prepare";

/** As root on Debian: installs these, and removes none. The caller has {@link PREPARE_LOCK}. */
export async function installFromDebian(packages: readonly string[], say: (line: string) => void): Promise<void> {
  say(`installing from Debian: ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runCommand("sh", ["-ec", INSTALL, "sh", ...packages], { env });
}

/**
 * Gets this machine ready for `startFleet`, as far as it may: as root on Debian it installs the packages that are missing
 * (and removes none), and makes the root file systems that hold other generations of Docker. Tells `say` what it does.
 * What it can't have makes it fail never: the answer says what is there, and why the rest is not.
 */
export async function prepareMachine(say: (line: string) => void): Promise<FleetCapabilities> {
  if (findObstacle() !== null || findCommand("apt-get") === null) return findCapabilities();
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    say(what);
    await work().catch((error: unknown) => failures.push(`${what} failed: ${String(error)}`));
  };

  await withLock(PREPARE_LOCK, async () => {
    const packages = await listMissingPackages();
    if (packages.length === 0) return;
    await installFromDebian(packages, say).catch((error: unknown) => {
      failures.push(`installing ${packages.join(" ")} failed: ${String(error)}`);
    });
  });
  const made = new Set<string>(); // generations may share a root
  for (const generation of ENGINE_GENERATIONS) {
    const root = await rootFileSystemOf(generation);
    if (root === null || isRootFileSystem(root) || made.has(root)) continue;
    made.add(root);
    const { suite, version } = GENERATION_TRAITS[generation];
    const what = `making a Debian ${suite} with Docker ${version} in ${root} (once, about a minute)`;
    await attempt(what, () => makeRootFileSystem(generation));
  }
  if (hostSuite() !== null && !existsSync(sshdArchive())) {
    await attempt(`making an image with an sshd in ${sshdArchive()} (once, about a minute)`, makeSshdArchive);
  }
  const { generations, gaps } = await findCapabilities();
  return { generations, gaps: [...gaps, ...failures] };
}
