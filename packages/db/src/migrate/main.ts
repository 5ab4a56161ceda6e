// `npm run migrate`: brings the database of DATABASE_URL, or of the Berth that runs here, to this release's schema.
import { completeEnvironment } from "../embedded/complete-environment.ts";
import { EmbeddedPostgresError } from "../embedded/error.ts";
import { checkDatabase } from "./check-database.ts";
import { MigrationError } from "./error.ts";
import { migrate } from "./migrate.ts";

try {
  const { DATABASE_URL: url } = await completeEnvironment(process.env);
  if (!url) throw new MigrationError("no Berth runs on this data directory: start one, or set DATABASE_URL");
  await checkDatabase(url);
  const applied = await migrate(url, { say: (line) => console.log(line) });
  if (applied.length === 0) console.log("the database is up to date");
} catch (error) {
  const isExpected = error instanceof MigrationError || error instanceof EmbeddedPostgresError;
  console.error(isExpected ? `berth: ${error.message}` : error);
  process.exitCode = 1;
}
process.exit(); // the schema engine leaves a timer of 10 s behind
