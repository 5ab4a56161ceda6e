import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FleetEngine } from "../fleet/engine.ts";
import { runCommand } from "../fleet/run-command.ts";
import { waitUntil } from "../fleet/wait-until.ts";

const PORT = 2022;

export interface SshServer {
  port: number;
  /** `SHA256:…` of its host key. */
  host_key: string;
  /** How often somebody signed in. */
  countSignIns(): number;
  /** Ends every connection, and listens on. */
  cut(): Promise<void>;
  /** Gives it another host key, as a server has that was installed anew. */
  reinstall(): Promise<string>;
}

/** Debian's sshd on an engine's machine, which lets root in with this key; Docker's socket is where it usually is. */
export async function startSshServer(engine: FleetEngine, publicKey: string): Promise<SshServer> {
  const folder = join(dirname(engine.config_file), "ssh");
  mkdirSync(folder, { mode: 0o700 });
  const log = join(folder, "log");
  writeFileSync(join(folder, "authorized_keys"), `${publicKey}\n`);
  const config = [
    `Port ${PORT}`,
    `HostKey ${folder}/host_key`,
    `PidFile ${folder}/pid`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    "StrictModes no",
    "UsePAM no",
    "LogLevel VERBOSE",
  ];
  writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
  const start = async (): Promise<string> => {
    await runCommand("rm", ["-f", join(folder, "host_key"), join(folder, "host_key.pub"), join(folder, "pid")]);
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "host_key")]);
    await engine.run(
      `mkdir -p /run/sshd; ln -sf "$2" /run/docker.sock; /usr/sbin/sshd -f "$1/config" -E "$1/log" < /dev/null > /dev/null 2>&1`,
      folder,
      engine.socket_path,
    );
    await waitUntil(
      "sshd to listen",
      5_000,
      async () => (await engine.run(`cat "$1/pid" 2> /dev/null || true`, folder)).trim() !== "",
    );
    const shown = await runCommand("ssh-keygen", ["-lf", join(folder, "host_key.pub")]);
    return shown.split(" ")[1] ?? "";
  };
  const host_key = await start();
  // The listener itself is the one whose pid is on record.
  const cut = async (): Promise<void> => {
    await engine.run(
      `for pid in $(pidof sshd); do [ "$pid" = "$(cat "$1/pid")" ] || kill -9 "$pid" || true; done`,
      folder,
    );
  };
  return {
    port: PORT,
    host_key,
    countSignIns: () => readFileSync(log, "utf8").split("Accepted publickey").length - 1,
    cut,
    async reinstall() {
      await engine.run(`kill "$(cat "$1/pid")"; while [ -e "$1/pid" ]; do sleep 0.05; done`, folder);
      await cut().catch(() => undefined);
      return start();
    },
  };
}
