import { existsSync, mkdirSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { bootstrap, cacheFolder, hostSuite } from "./root-file-system.ts";
import { runCommand } from "./run-command.ts";

export const SSHD_IMAGE = "berth-test/sshd:latest";

/** What starts its sshd, for a container of {@link SSHD_IMAGE}. */
export const SSHD_COMMAND = ["sh", "-c", "mkdir -p /run/sshd && ssh-keygen -A && exec /usr/sbin/sshd -D -e"];

/** Where that is kept, if this machine has made it. */
export const sshdArchive = (): string => join(cacheFolder(), `sshd-${hostSuite() ?? ""}.tar`);

/**
 * The file that `docker import` makes {@link SSHD_IMAGE} of: this machine's own Debian with its stock openssh-server. Made
 * once, in about a minute, and kept beside the root file systems.
 */
export async function makeSshdArchive(): Promise<string> {
  const suite = hostSuite();
  if (suite === null) throw new Error("no Debian here to make an image with an sshd of");
  const [cache, target] = [cacheFolder(), sshdArchive()];
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  await withLock(join(cache, "lock"), async () => {
    if (existsSync(target)) return; // another run has just made it
    const [folder, partial] = [join(cache, ".partial-sshd"), join(cache, ".partial-sshd.tar")];
    await rm(folder, { recursive: true, force: true });
    await bootstrap(suite, ["openssh-server"], folder);
    const left = ["./usr/share/doc", "./usr/share/locale", "./usr/share/man", "./var/lib/apt/lists", "./dev"];
    await runCommand("tar", ["-C", folder, ...left.map((path) => `--exclude=${path}/*`), "-cf", partial, "."]);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, target);
  });
  return target;
}
