// `npm run system-image`: makes the image that Berth runs its own containers from, and keeps it in the database.
import { completeEnvironment } from "@berth/db/embedded/complete-environment.ts";
import { SystemImageError } from "@berth/docker/system-image/assemble.ts";
import { keepSystemImage } from "./keep.ts";

try {
  const { DATABASE_URL: databaseUrl } = await completeEnvironment(process.env);
  if (databaseUrl === undefined) throw new SystemImageError("DATABASE_URL says which database is to have it.");
  const what = await keepSystemImage(databaseUrl);
  console.log(what === "made" ? "The image is in the database now; machines get it within a minute." : "It is there.");
} catch (error) {
  console.error(error instanceof SystemImageError ? `berth: ${error.message}` : error);
  process.exit(1);
}
