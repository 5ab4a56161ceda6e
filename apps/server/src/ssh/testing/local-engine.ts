import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Engine, type EngineCommand, EngineError } from "@berth/docker/engine.ts";
import { TERMINAL_VARIABLE } from "../../commands/hang-up.ts";

/**
 * An engine whose containers are all this machine: what ssh runs in them are processes of the test, and as mighty as it is.
 * So no test may write anywhere but in a folder of its own.
 */
export function createLocalEngine() {
  const running = new Map<string, EngineCommand & { lose(): void }>();
  const calls: Pick<Engine, "openCommand" | "exec"> = {
    async openCommand(_id, { command: [file = "", ...args], env = [] }) {
      const variables = Object.fromEntries(env.map((line) => line.split(/=(.*)/s).slice(0, 2)));
      // Without the home of whoever runs the tests: their shell may say something of its own.
      // And without this machine's sftp-server: what is tested is ours.
      const own = args.map((arg) => arg.replaceAll("/sftp-server", "/no-sftp-server"));
      const child = spawn(file, own, {
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", ...variables },
      });
      const { stdin, stdout, stderr } = child;
      // Whoever reads or writes is told; that nobody does must not end the process.
      for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
      const terminalId = String(variables[TERMINAL_VARIABLE]);
      const exited = once(child, "close").then(([exit_code]) => {
        running.delete(terminalId);
        return { exit_code: exit_code as number | null };
      });
      const close = () => void child.kill("SIGKILL");
      const { promise: lost, reject } = Promise.withResolvers<never>();
      const lose = (): void => {
        const error = new EngineError("unreachable", "the connection was lost");
        reject(error);
        for (const stream of [stdin, stdout, stderr]) stream.destroy(error);
      };
      const ended = Promise.race([exited, lost]);
      const command = { exec_id: terminalId, stdin, stdout, stderr, wait: () => ended, close, lose };
      running.set(terminalId, command);
      return command;
    },
    // Only to hang one up, whose id comes last.
    async exec(_id, command) {
      running.get(command.at(-1) ?? "")?.close();
      return { exit_code: 0, stdout: Buffer.of(), stderr: Buffer.of(), truncated: false };
    },
  };
  return {
    engine: calls as Engine,
    /** `lose` breaks its connection, and leaves the command alone. */
    running: () => [...running.values()],
    close: () => running.forEach((command) => command.close()),
  };
}
