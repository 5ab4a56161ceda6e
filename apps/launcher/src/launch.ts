import { EmbeddedPostgresError } from "@berth/db/embedded/error.ts";
import { MigrationError } from "@berth/db/migrate/error.ts";
import { readEnvironment } from "./env.ts";
import { runBerth, type Scripts } from "./run-berth.ts";
import { StartError } from "./start-error.ts";

/**
 * Runs Berth in this process's name until SIGINT, SIGTERM or SIGHUP, and exits: 0 after it was asked to stop, 1 where it
 * could not start. A second signal ends everything at once.
 */
export async function launch(variables: Record<string, string | undefined>, scripts?: Scripts): Promise<never> {
  const stopping = new AbortController();
  const killers: (() => unknown)[] = [];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) void endAtOnce(killers);
      else stopping.abort();
    });
  }
  // A terminal that was closed, or a pipe that nobody reads any more, takes nothing away but these lines.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

  try {
    await runBerth({
      environment: readEnvironment(variables),
      variables,
      say: (line) => console.log(line),
      signal: stopping.signal,
      killers,
      ...(scripts && { scripts }),
    });
  } catch (error) {
    if (error !== stopping.signal.reason) {
      tell(error);
      process.exit(1);
    }
  }
  process.exit(0); // the schema engine leaves a timer of 10 s behind
}

/** PostgreSQL recovers at the next start from what this leaves, and takes over the data dir's lock. */
async function endAtOnce(killers: (() => unknown)[]): Promise<never> {
  console.error("berth: ending at once");
  await Promise.allSettled(killers.map((kill) => kill()));
  process.exit(1);
}

function tell(error: unknown): void {
  const isExpected =
    error instanceof StartError || error instanceof EmbeddedPostgresError || error instanceof MigrationError;
  if (!isExpected) return console.error(error);
  for (const line of error.message.split("\n")) console.error(`berth: ${line}`);
}
