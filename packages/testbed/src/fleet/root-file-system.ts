import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findMirror } from "./apt.ts";
import { findCommand } from "./command-path.ts";
import { GENERATION_TRAITS, type EngineGeneration } from "./generations.ts";
import { withLock } from "./lock.ts";
import { runCommand } from "./run-command.ts";

/**
 * Git is the engine's, to fetch repositories that it builds from. What follows is what a server's admin has at hand, and
 * the join script needs.
 */
const PACKAGES = ["docker.io", "iptables", "ca-certificates", "git", "curl", "docker-cli", "openssl"];

/** Where root file systems are kept between runs; some 500 MB each. */
export function cacheFolder(): string {
  return process.env["BERTH_TESTBED_CACHE"] ?? "/var/cache/berth-testbed";
}

/** This machine's Debian release, as "bookworm"; null where it is no Debian. */
export function hostSuite(): string | null {
  if (!existsSync("/etc/os-release")) return null;
  const release = readFileSync("/etc/os-release", "utf8");
  if (!/^ID=debian$/m.test(release)) return null;
  return /^VERSION_CODENAME=(.+)$/m.exec(release)?.[1] ?? null;
}

/** True where a generation of Docker is this machine's own, so that it needs no other root file system. */
async function isHostGeneration(generation: EngineGeneration): Promise<boolean> {
  const { suite, version } = GENERATION_TRAITS[generation];
  if (suite !== hostSuite() || findCommand("dockerd") === null) return false;
  return (await runCommand("dockerd", ["--version"])).includes(` ${version}.`);
}

/** Also false for one that was made before all of {@link PACKAGES} were asked for. */
export function isRootFileSystem(root: string): boolean {
  const status = join(root, "var/lib/dpkg/status");
  if (!existsSync(status)) return false;
  const installed = new Set(readFileSync(status, "utf8").split("\n"));
  return PACKAGES.every((name) => installed.has(`Package: ${name}`));
}

/** The root file system that holds a generation of Docker; null where that is this machine's own. It may not exist yet. */
export async function rootFileSystemOf(generation: EngineGeneration): Promise<string | null> {
  const isOwn = await isHostGeneration(generation);
  return isOwn ? null : join(cacheFolder(), `docker-${GENERATION_TRAITS[generation].suite}`);
}

/**
 * Makes the root file system of `generation` unless it is there: a minimal Debian with Docker, from the mirror that this
 * machine's own package sources name. It takes about 40 s, shows whole or not at all, and is never written to afterwards.
 */
export async function makeRootFileSystem(generation: EngineGeneration): Promise<void> {
  const target = await rootFileSystemOf(generation);
  if (target === null || isRootFileSystem(target)) return;
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  await withLock(join(cache, "lock"), async () => {
    if (isRootFileSystem(target)) return; // another run has just made it
    for (const name of readdirSync(cache).filter((entry) => entry.startsWith(".partial-"))) {
      await rm(join(cache, name), { recursive: true, force: true });
    }
    const { suite } = GENERATION_TRAITS[generation];
    const partial = join(cache, `.partial-${suite}`);
    await bootstrap(suite, PACKAGES, partial);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  });
}

/** A minimal Debian with these packages, in a folder that is not there yet. */
export async function bootstrap(suite: string, packages: readonly string[], folder: string): Promise<void> {
  const mirror = findMirror(hostSuite() ?? "");
  if (mirror === null) throw new Error("no Debian mirror is named in /etc/apt");
  // A mount namespace of its own: debootstrap mounts /proc below the new root, and would leave it there if it were killed.
  // The script of sid serves every newer release, also those that this machine's debootstrap has not heard of.
  const script = `/usr/share/debootstrap/scripts/${existsSync(`/usr/share/debootstrap/scripts/${suite}`) ? suite : "sid"}`;
  const include = `--include=${packages.join(",")}`;
  const command = ["debootstrap", "--variant=minbase", include, suite, folder, mirror, script];
  await runCommand("unshare", ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", ...command]);
  await rm(join(folder, "var/cache/apt/archives"), { recursive: true, force: true });
}
