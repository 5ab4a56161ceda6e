import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FleetEngine } from "../fleet/engine.ts";
import { CommandError } from "../fleet/run-command.ts";

/** No init system runs Docker there: it is ended and started by hand. What follows `if` decides whether it starts. */
const RESTART = `#!/bin/sh
folder=$1
kill "$(cat "$folder/docker.pid")"
while pidof dockerd containerd > /dev/null; do sleep 0.1; done
if CONDITION; then
  (dockerd --config-file "$folder/daemon.json" < /dev/null >> "$folder/dockerd.log" 2>&1 &)
fi
`;

export interface Ran {
  exitCode: number;
  /** Of both streams. */
  said: string;
}

/** A GPU server with Docker as it was just installed, on which an admin types. */
export class FreshServer {
  readonly engine: FleetEngine;
  readonly #folder: string;

  constructor(engine: FleetEngine) {
    this.engine = engine;
    this.#folder = dirname(engine.config_file);
    this.#write("restart.sh", RESTART.replace("CONDITION", ":"));
    // As a Docker that does not get along with its new settings.
    this.#write("breaking-restart.sh", RESTART.replace("CONDITION", `! grep -q tlsverify "$folder/daemon.json"`));
    // Everybody here is root.
    this.#write("bin/sudo", `#!/bin/sh\nexec "$@"\n`);
  }

  /** Types the line that Berth gave, with what this server needs beside it, in a folder of its own. */
  paste(command: string, options: { restart?: "breaking"; more?: string } = {}): Promise<Ran> {
    const script = join(this.#folder, options.restart === "breaking" ? "breaking-restart.sh" : "restart.sh");
    return this.type(
      `${command} --yes --restart-command "sh ${script} ${this.#folder}" --docker-config ${this.engine.config_file} ` +
        `--docker-socket ${this.engine.socket_path} ${options.more ?? ""}`,
    );
  }

  /** Types into a shell, in the folder where a pasted line leaves its script. */
  async type(line: string): Promise<Ran> {
    const typed = `mkdir -p "$1/home"; cd "$1/home"; export PATH="$1/bin:$PATH:/usr/sbin:/sbin"; set +e
      { ${line}; } > "$1/said" 2>&1; code=$?; cat "$1/said"; exit $code`;
    try {
      return { exitCode: 0, said: await this.engine.run(typed, this.#folder) };
    } catch (error) {
      if (!(error instanceof CommandError) || error.exitCode === null) throw error;
      return { exitCode: error.exitCode, said: await this.engine.run(`cat "$1/said"`, this.#folder) };
    }
  }

  /** Puts a program there under this name, before all others. */
  install(name: string, text: string): void {
    this.#write(join("bin", name), text);
  }

  /** Every file and folder that holds settings of Docker, with its mode and what it comes to. */
  readSettings(): Promise<string> {
    const look = `cd /; find etc/docker etc/systemd "$1/daemon.json"* -printf '%y %m %p ' \\
      \\( -type f -exec sha256sum {} \\; -o -printf '\\n' \\) 2> /dev/null | grep -v key.json | sort`;
    return this.engine.run(look, this.#folder);
  }

  #write(name: string, text: string): void {
    const file = join(this.#folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }
}
