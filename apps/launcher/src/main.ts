// `npm start`: all of Berth on one machine, until Ctrl-C.
import { EmbeddedPostgresError } from "@berth/db/embedded/error.ts";
import { MigrationError } from "@berth/db/migrate/error.ts";
import { readEnvironment } from "./env.ts";
import { runBerth } from "./run-berth.ts";
import { StartError } from "./start-error.ts";

const stopping = new AbortController();
const killers: (() => unknown)[] = [];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) void endAtOnce();
    else stopping.abort();
  });
}
// A terminal that was closed, or a pipe that nobody reads any more, takes nothing away but these lines.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

try {
  await runBerth({
    environment: readEnvironment(process.env),
    variables: process.env,
    say: (line) => console.log(line),
    signal: stopping.signal,
    killers,
  });
} catch (error) {
  if (!stopping.signal.aborted || error !== stopping.signal.reason) {
    tell(error);
    process.exitCode = 1;
  }
}
process.exit(); // the schema engine leaves a timer of 10 s behind

/** The second Ctrl-C. PostgreSQL recovers at the next start from what this leaves, and the data dir's lock is stale. */
async function endAtOnce(): Promise<never> {
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
