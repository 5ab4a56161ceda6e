// Prints the SQL of a migration that is still to be written:
//   node packages/db/src/migrate/diff.ts > packages/db/prisma/migrations/<yyyymmddhhmmss>_<what>/migration.sql
// Triggers, functions and checks are unknown to schema.prisma: they are added to that file by hand.
import { makeThrowawayFolder } from "../embedded/throwaway.ts";
import { diffSchema } from "./diff-schema.ts";

const folder = await makeThrowawayFolder();
try {
  const { url } = await folder.start();
  process.stdout.write((await diffSchema(url)) || "-- The migrations and schema.prisma agree.\n");
} finally {
  await folder.remove();
}
process.exit(); // the schema engine leaves a timer of 10 s behind
